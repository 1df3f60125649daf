// Restarts the shop and sees that it serves: the example of the guide.
#include <lockstep.h>

static ls_result healthy(const ls_ctx *ctx) {
    const char *url;
    LS_TRY(ls_ctx_parameter(ctx, "url", &url));
    const ls_response *response;
    LS_TRY(ls_http_send(ls_http_get(ls_format("%s/health", url)), &response));
    LS_TRY(ls_expect_status(response, 200));
    return ls_expect_json(response, "/status", "\"ok\"");
}

static ls_result restart(const ls_ctx *ctx) {
    (void)ctx;
    ls_command *command = ls_shell_command("/usr/bin/systemctl", LS_LIST("restart", "shop"));
    ls_shell_idempotent(command);
    const ls_exit *exit;
    LS_TRY(ls_shell_run(command, &exit));
    return ls_expect_exit_success(exit);
}

static ls_result look_again(void *ctx) { return healthy(ctx); }

static ls_result verify(const ls_ctx *ctx) { return ls_within(ls_secs(30), ls_secs(1), look_again, (void *)ctx); }

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "restart", "0.1.0", .title = "Restart the shop and see that it serves");
    ls_parameter(p, "url", .title = "Where the shop answers", .fallback = "http://127.0.0.1:8080");

    ls_phase(p, "Pre-flight");
    ls_step(p, "look", "The shop is healthy before we touch it", healthy);
    ls_phase(p, "Restart");
    ls_step(p, "restart", "Restart the shop", restart, .timeout = ls_minutes(2));
    ls_step(p, "verify", "The shop is healthy again", verify);
}
