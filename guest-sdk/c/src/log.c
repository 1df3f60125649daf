// What the procedure says to the operator.
#include "abi.h"

typedef void say(const void *, size_t, const void *, size_t);

static void said(say *to, const char *format, va_list values) {
    const char *message = abi_format(format, values);
    to(message, strlen(message), NULL, 0);
}

#define SAY(level)                                                                                                                                    \
    void ls_##level(const char *format, ...) {                                                                                                        \
        va_list values;                                                                                                                               \
        va_start(values, format);                                                                                                                     \
        said(contract_log_##level, format, values);                                                                                                   \
        va_end(values);                                                                                                                               \
    }

SAY(debug)
SAY(info)
SAY(warn)
SAY(error)

void ls_progress(uint32_t done, uint32_t total, const char *message) { contract_log_progress((int32_t)done, (int32_t)total, ABI_TEXT(message)); }
