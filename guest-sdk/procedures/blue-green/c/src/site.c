// The site: two slots, a link that says which one serves, and the program that starts and stops a slot's service.
#include "steps.h"

#include <string.h>

// The link that the front follows.
#define CURRENT "/site/current"

ls_result slots_of(const ls_ctx *ctx, slots *found) {
    LS_TRY(ls_ctx_output_text(ctx, "current", "/live", &found->live));
    LS_TRY(ls_ctx_output_text(ctx, "current", "/live_version", &found->live_version));
    return ls_ctx_output_text(ctx, "current", "/idle", &found->idle);
}

ls_result live_slot(const char **slot) {
    const char *target;
    LS_TRY(ls_files_link_target(CURRENT, &target));
    if (!target) return ls_fail(CURRENT " is not a link: the site has never been set up");
    bool known = !strcmp(target, "slots/blue") || !strcmp(target, "slots/green");
    if (!known) return ls_fail(CURRENT " points to %s: expected slots/blue or slots/green", target);
    *slot = target + strlen("slots/");
    return ls_done();
}

ls_result address_of(const char *slot, const char **address) {
    const char *port;
    LS_TRY(ls_files_read_text(ls_format("/site/slots/%s/port", slot), &port));
    *address = ls_format("http://127.0.0.1:%s", ls_trim(port));
    return ls_done();
}

ls_result service(const ls_ctx *ctx, const char *verb, const char *slot, ls_command **command) {
    const char *site, *program;
    LS_TRY(ls_ctx_parameter(ctx, "site", &site));
    LS_TRY(ls_ctx_parameter(ctx, "service", &program));
    *command = ls_shell_command(program, LS_LIST(verb, "--state", ls_format("%s/state/%s", site, slot)));
    ls_shell_idempotent(*command);
    return ls_done();
}

// One rename: a request follows the old link or the new one, never none.
static ls_result point_to(const char *slot) {
    ls_info("clients are sent to %s", slot);
    return ls_files_link(CURRENT, ls_format("slots/%s", slot));
}

ls_result switch_over(const ls_ctx *ctx) {
    slots found;
    LS_TRY(slots_of(ctx, &found));
    return point_to(found.idle);
}

ls_result switch_back(const ls_ctx *ctx) {
    slots found;
    LS_TRY(slots_of(ctx, &found));
    return point_to(found.live);
}

// The point of no return: after this, going back means releasing the old version again.
ls_result retire(const ls_ctx *ctx) {
    slots found;
    const char *serves;
    LS_TRY(slots_of(ctx, &found));
    LS_TRY(live_slot(&serves));
    LS_ENSURE(!strcmp(serves, found.idle), "the link no longer points to %s: somebody has switched by hand", found.idle);
    ls_command *stopping;
    const ls_exit *stopped;
    LS_TRY(service(ctx, "stop", found.live, &stopping));
    LS_TRY(ls_shell_run(stopping, &stopped));
    LS_TRY(ls_expect_exit_success(stopped));
    ls_info("%s of version %s is stopped", found.live, found.live_version);
    return ls_done();
}
