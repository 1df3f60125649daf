// Waits between two marks: how a run lets go of everything for minutes or weeks, and how one in the middle of a long call is stopped.
#include <lockstep.h>

static ls_result begin(const ls_ctx *ctx) {
    (void)ctx;
    return ls_files_write_text("/marks/begun", "begun");
}

static ls_result unbegin(const ls_ctx *ctx) {
    (void)ctx;
    return ls_files_remove("/marks/begun");
}

static ls_result hold(const ls_ctx *ctx) {
    int64_t seconds;
    LS_TRY(ls_ctx_parameter_number(ctx, "hold", &seconds));
    if (seconds > 0) {
        const ls_exit *exit;
        LS_TRY(ls_shell_run(ls_shell_command("/usr/bin/sleep", LS_LIST(ls_format("%lld", seconds))), &exit));
        LS_TRY(ls_expect_exit_success(exit));
    }
    return ls_done();
}

static ls_result rest(const ls_ctx *ctx) {
    int64_t seconds;
    LS_TRY(ls_ctx_parameter_number(ctx, "sleep", &seconds));
    return seconds > 0 ? ls_clock_sleep(ls_secs((uint64_t)seconds)) : ls_done();
}

static ls_result end(const ls_ctx *ctx) {
    (void)ctx;
    return ls_files_write_text("/marks/ended", "ended");
}

static ls_result unend(const ls_ctx *ctx) {
    (void)ctx;
    return ls_files_remove("/marks/ended");
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "wait", "0.1.0", .title = "Wait between two marks");
    ls_parameter(p, "sleep", .title = "Seconds to wait without holding anything", .fallback = "0");
    ls_parameter(p, "hold", .title = "Seconds that a program runs", .fallback = "0");
    ls_step(p, "begin", "Leave the first mark", begin, .undo = unbegin);
    ls_step(p, "hold", "Run a program for a while", hold);
    ls_step(p, "rest", "Wait", rest);
    ls_step(p, "end", "Leave the last mark", end, .undo = unend);
}
