// What the procedure says to the operator.
#include "abi.h"

typedef void say(const void *, size_t, const void *, size_t);

static void said(say *to, ls_fields fields, const char *format, va_list values) {
    const char *message = abi_format(format, values);
    abi_pair *pairs = fields.count ? ls_alloc(fields.count * sizeof *pairs) : NULL;
    for (size_t at = 0; at < fields.count; at++) {
        const char *const *field = fields.items + 2 * at;
        pairs[at] = (abi_pair){{ABI_TEXT(field[0])}, {ABI_TEXT(field[1])}};
    }
    to(message, strlen(message), pairs, fields.count);
}

#define SAY(level)                                                                                                                                    \
    void ls_##level(const char *format, ...) {                                                                                                        \
        va_list values;                                                                                                                               \
        va_start(values, format);                                                                                                                     \
        said(contract_log_##level, (ls_fields){NULL, 0}, format, values);                                                                             \
        va_end(values);                                                                                                                               \
    }                                                                                                                                                 \
    void ls_##level##_with(ls_fields fields, const char *format, ...) {                                                                               \
        va_list values;                                                                                                                               \
        va_start(values, format);                                                                                                                     \
        said(contract_log_##level, fields, format, values);                                                                                           \
        va_end(values);                                                                                                                               \
    }

SAY(debug)
SAY(info)
SAY(warn)
SAY(error)

void ls_progress(uint32_t done, uint32_t total, const char *message) { contract_log_progress((int32_t)done, (int32_t)total, ABI_TEXT(message)); }
