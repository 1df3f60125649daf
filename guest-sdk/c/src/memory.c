// Memory and texts. An instance lives for one call of the host, so that nothing is given back.
#include "abi.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void *ls_alloc(size_t size) {
    void *memory = calloc(1, size ? size : 1);
    if (!memory) __builtin_trap();
    return memory;
}

// The host puts what it gives here: always with one NUL more, so that texts end.
__attribute__((export_name("cabi_realloc"))) void *abi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    (void)align;
    char *memory = ls_alloc(size + 1);
    if (old) memcpy(memory, old, old_size < size ? old_size : size);
    return memory;
}

const char *abi_format(const char *format, va_list values) {
    va_list again;
    va_copy(again, values);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0) return format;
    char *text = ls_alloc((size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, values);
    return text;
}

const char *ls_format(const char *format, ...) {
    va_list values;
    va_start(values, format);
    const char *text = abi_format(format, values);
    va_end(values);
    return text;
}

const char *ls_trim(const char *text) {
    while (isspace((unsigned char)*text)) text++;
    size_t size = strlen(text);
    while (size && isspace((unsigned char)text[size - 1])) size--;
    char *trimmed = ls_alloc(size + 1);
    memcpy(trimmed, text, size);
    return trimmed;
}

ls_bytes ls_bytes_of(const char *text) { return (ls_bytes){(const uint8_t *)text, strlen(text)}; }

void *abi_grown(void *items, size_t count, size_t size) {
    // Room is doubled at every power of two.
    if (count & (count - 1)) return items;
    void *more = ls_alloc((count ? 2 * count : 1) * size);
    if (count) memcpy(more, items, count * size);
    return more;
}

void abi_add(ls_list *list, const char *text) {
    const char **items = abi_grown((void *)list->items, list->count, sizeof *items);
    items[list->count++] = text;
    list->items = items;
}

bool abi_has(ls_list list, const char *text) {
    for (size_t at = 0; at < list.count; at++) {
        if (!strcmp(list.items[at], text)) return true;
    }
    return false;
}

abi_texts abi_list(ls_list list) {
    abi_text *texts = ls_alloc((list.count + 1) * sizeof *texts);
    for (size_t at = 0; at < list.count; at++) texts[at] = (abi_text){list.items[at], strlen(list.items[at])};
    return (abi_texts){texts, list.count};
}

int32_t abi_millis(ls_duration duration) { return (int32_t)(duration > UINT32_MAX ? UINT32_MAX : (uint32_t)duration); }

int32_t abi_secs(ls_duration duration) {
    uint64_t seconds = duration / 1000 + (duration % 1000 > 0);
    return (int32_t)(seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds);
}
