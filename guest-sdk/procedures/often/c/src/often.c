// Many calls in one step: what a call costs, in every language.
#include <lockstep.h>

static ls_result count(const ls_ctx *ctx) {
    int64_t times, sum = 0;
    LS_TRY(ls_ctx_parameter_number(ctx, "times", &times));
    while (times--) sum += ls_ctx_attempt(ctx);
    return ls_number(sum);
}

static ls_result draw(const ls_ctx *ctx) {
    int64_t times;
    LS_TRY(ls_ctx_parameter_number(ctx, "times", &times));
    const char *last = "";
    while (times--) last = ls_random_uuid();
    return ls_text(last);
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "often", "0.1.0", .title = "Ask the host many times");
    ls_parameter(p, "times", .title = "How often", .fallback = "100");
    ls_step(p, "count", "Ask what the run knows, of which nothing is recorded", count);
    ls_step(p, "draw", "Ask for something that is recorded", draw);
}
