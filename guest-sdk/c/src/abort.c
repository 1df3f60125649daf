// `abort` and `assert` as failures: the host ends the guest with what they say. A program of the system, as the tests are, keeps its own.
#ifdef __wasm__
#include "abi.h"

#include <assert.h>
#include <stdlib.h>

static _Noreturn void give_up(const char *message) {
    contract_run_give_up(ABI_TEXT(message));
    __builtin_trap();
}

// In the place of the C library's own, which stop without a word.
_Noreturn void abort(void) { give_up("aborted"); }

_Noreturn void __assert_fail(const char *expression, const char *file, int line, const char *function) {
    give_up(ls_format("assertion failed at %s:%d in %s: %s", file, line, function, expression));
}
#endif
