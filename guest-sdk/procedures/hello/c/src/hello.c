// The smallest procedure: one parameter, one step, no grant.
#include <lockstep.h>

static ls_result greet(const ls_ctx *ctx) {
    const char *who;
    LS_TRY(ls_ctx_parameter(ctx, "who", &who));
    const char *greeting = ls_format("hello, %s", who);
    ls_info("%s", greeting);
    return ls_text(greeting);
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "hello", "0.1.0", .title = "Say hello");
    ls_parameter(p, "who", .title = "Whom to greet", .fallback = "world");
    ls_step(p, "greet", "Greet them", greet);
}
