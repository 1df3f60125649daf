// What must hold: before anything is touched, of the new version by itself, and of what clients see.
#include "steps.h"

#include <string.h>

// The release, both slots and the artifacts fit into this several times.
#define ROOM ls_mib(256)

ls_result git(const ls_ctx *ctx, ls_list args, ls_command **command) {
    const char *work_tree;
    LS_TRY(ls_ctx_parameter(ctx, "work-tree", &work_tree));
    *command = ls_shell_command("/usr/bin/git", LS_LIST("-C", work_tree));
    for (size_t at = 0; at < args.count; at++) ls_shell_arg(*command, args.items[at]);
    return ls_done();
}

// Runs a git command that must succeed.
static ls_result told(const ls_ctx *ctx, ls_list args, const ls_exit **exit) {
    ls_command *command;
    LS_TRY(git(ctx, args, &command));
    LS_TRY(ls_shell_run(command, exit));
    return ls_expect_exit_success(*exit);
}

// The output is the commit: later steps tag that one, whatever happens to the branch meanwhile.
ls_result clean(const ls_ctx *ctx) {
    const ls_exit *exit;
    LS_TRY(told(ctx, LS_LIST("status", "--porcelain"), &exit));
    LS_TRY(ls_expect_no_output(exit));
    LS_TRY(told(ctx, LS_LIST("rev-parse", "HEAD"), &exit));
    return ls_text(ls_trim(ls_exit_text(exit)));
}

ls_result untagged(const ls_ctx *ctx) {
    const char *version;
    LS_TRY(ls_ctx_parameter(ctx, "version", &version));
    const ls_exit *exit;
    LS_TRY(told(ctx, LS_LIST("tag", "--list", ls_format("v%s", version)), &exit));
    return ls_context(ls_expect_no_output(exit), "v%s exists: this version was released before", version);
}

ls_result space(const ls_ctx *ctx) {
    (void)ctx;
    return ls_files_expect_disk_free("/site", ROOM);
}

// A `GET` that must give that status.
static ls_result got(const char *url, uint16_t status, const ls_response **response) {
    LS_TRY(ls_http_send(ls_http_get(url), response));
    return ls_expect_status(*response, status);
}

ls_result current(const ls_ctx *ctx) {
    const char *live, *front, *version;
    LS_TRY(live_slot(&live));
    const char *idle = strcmp(live, "blue") ? "blue" : "green";
    LS_TRY(ls_ctx_parameter(ctx, "front", &front));
    const ls_response *health;
    LS_TRY(got(ls_format("%s/health", front), 200, &health));
    LS_TRY(ls_expect_json(health, "/status", ls_json_text("ok")));
    LS_TRY(ls_response_json_text(health, "/version", &version));
    ls_info("%s serves version %s; %s is idle", live, version, idle);
    return ls_json(ls_json_object("live", live, "live_version", version, "idle", idle, NULL));
}

// What a look is about: where, and the version that should be there.
typedef struct {
    const char *address, *version;
    ls_duration slowest;
} look;

static ls_result is_healthy(void *about) {
    const look *look = about;
    const ls_response *health;
    LS_TRY(got(ls_format("%s/health", look->address), 200, &health));
    LS_TRY(ls_expect_json(health, "/status", ls_json_text("ok")));
    return ls_expect_json(health, "/version", ls_json_text(look->version));
}

ls_result healthy(const ls_ctx *ctx) {
    slots found;
    look about = {0};
    LS_TRY(slots_of(ctx, &found));
    LS_TRY(address_of(found.idle, &about.address));
    LS_TRY(ls_ctx_parameter(ctx, "version", &about.version));
    return ls_within(ls_secs(30), ls_millis(200), is_healthy, &about);
}

// The token never comes here: the host keeps it and puts it in where it is used.
ls_result login(const ls_ctx *ctx) {
    slots found;
    const char *address;
    LS_TRY(slots_of(ctx, &found));
    LS_TRY(address_of(found.idle, &address));
    ls_secret password, session;
    LS_TRY(ls_secret_by_id("APP_PASSWORD", &password));
    ls_request *request = ls_http_post(ls_format("%s/login", address));
    ls_http_json(request, ls_json_object("password", password.marker, "user", "smoke", NULL));
    ls_http_capture(request, "/token", "SESSION");
    ls_http_idempotent(request);
    const ls_response *response;
    LS_TRY(ls_http_send(request, &response));
    LS_TRY(ls_expect_status(response, 200));
    LS_TRY(ls_secret_by_id("SESSION", &session));
    ls_request *account = ls_http_get(ls_format("%s/account", address));
    ls_http_bearer(account, session);
    LS_TRY(ls_http_send(account, &response));
    LS_TRY(ls_expect_status(response, 200));
    return got(ls_format("%s/account", address), 401, &response);
}

// One look through the front: the new version, answering, and fast enough.
static ls_result is_good(void *about) {
    const look *look = about;
    const ls_response *response;
    LS_TRY(got(ls_format("%s/version", look->address), 200, &response));
    LS_TRY(ls_expect_json(response, "/version", ls_json_text(look->version)));
    return ls_expect_faster_than(response, look->slowest);
}

static ls_result good_during(const ls_ctx *ctx, ls_duration span) {
    look about;
    int64_t slowest;
    LS_TRY(ls_ctx_parameter(ctx, "front", &about.address));
    LS_TRY(ls_ctx_parameter(ctx, "version", &about.version));
    LS_TRY(ls_ctx_parameter_number(ctx, "slowest-milliseconds", &slowest));
    about.slowest = ls_millis((uint64_t)slowest);
    return ls_during(span, ls_millis(200), is_good, &about);
}

ls_result verify(const ls_ctx *ctx) { return good_during(ctx, ls_secs(2)); }

// Sleeps through the soak, and looks again at its end.
ls_result soak(const ls_ctx *ctx) {
    int64_t seconds;
    LS_TRY(ls_ctx_parameter_number(ctx, "soak-seconds", &seconds));
    LS_TRY(ls_clock_sleep(ls_secs((uint64_t)seconds)));
    return good_during(ctx, ls_secs(1));
}
