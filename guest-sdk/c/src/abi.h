// How values cross between host and guest: the canonical ABI of the component model, in the layouts that C gives these types on wasm32.
#pragma once

#include <lockstep.h>
#include <string.h>

#include "contract.h"

typedef struct {
    const char *data;
    size_t size;
} abi_text;

typedef struct {
    const abi_text *items;
    size_t count;
} abi_texts;

typedef struct {
    abi_text key, value;
} abi_pair;

typedef struct {
    uint8_t kind;
    union {
        abi_text message;
        struct {
            abi_text code, message;
            uint8_t retryable;
        } problem;
    } as;
} abi_failure;

typedef struct {
    uint8_t some;
    union {
        int32_t handle;
        abi_text text;
    } as;
} abi_option;

// A result of any call: the host writes the part that the call gives.
typedef struct {
    uint8_t is_err;
    union {
        int32_t handle;
        abi_text text;
        abi_texts texts;
        abi_option option;
        abi_failure failure;
    } as;
} abi_result;

// Bytes for the length of a text; NULL is empty.
static inline size_t abi_size(const char *text) { return text ? strlen(text) : 0; }

// A text with its length, as an argument of a call takes the two.
#define ABI_TEXT(text) (text), abi_size(text)

// What a call gave: the failure in it, if any.
ls_result abi_given(const abi_result *result);

// A failure as the host takes it.
void abi_failed(const ls_failure *failure, abi_failure *into);

// Texts as the host takes them.
abi_texts abi_list(ls_list list);

// Milliseconds, and whole seconds rounded up, as the contract takes them. What does not fit is more than any limit there.
int32_t abi_millis(ls_duration duration);
int32_t abi_secs(ls_duration duration);

// `printf` into new memory.
__attribute__((format(printf, 1, 0))) const char *abi_format(const char *format, va_list values);

// A new list that can grow: `*items` has room for `count + 1` afterwards.
void *abi_grown(void *items, size_t count, size_t size);

// One more text at the end of a list that began empty; and whether a list has a text.
void abi_add(ls_list *list, const char *text);
bool abi_has(ls_list list, const char *text);
