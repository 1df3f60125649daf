// Requests, secrets and programs.
#include "steps.h"

#define FAR "http://far.test"
#define THING FAR "/things/1"

static const uint8_t BYTES[] = {0, 255, 10, 0};
#define ALL_BYTES ((ls_bytes){BYTES, sizeof BYTES})

static ls_result make(const char *most) {
    ls_secret token;
    LS_TRY(ls_secret_by_id("TOKEN", &token));
    ls_request *things = ls_http_post(FAR "/things");
    ls_http_bearer(things, token);
    ls_http_header(things, "x-plain", "yes");
    ls_http_json(things, ls_format("{\"most\":%s,\"name\":%s}", most, ls_json_text("ü")));
    ls_http_timeout(things, ls_secs(5));
    ls_http_idempotent(things);
    ls_http_capture(things, "/session", "SESSION");
    const ls_response *made;
    LS_TRY(ls_http_send(things, &made));
    LS_TRY(ls_expect_status(made, 201));
    const char *id;
    LS_TRY(ls_response_json_text(made, "/id", &id));
    ls_info("%d %s", made->status, id);
    return ls_done();
}

// Sends a request and expects success.
static ls_result succeeds(ls_request *request) {
    const ls_response *response;
    LS_TRY(ls_http_send(request, &response));
    return ls_expect_success(response);
}

static ls_result change(void) {
    ls_secret session;
    LS_TRY(ls_secret_by_id("SESSION", &session));
    ls_request *put = ls_http_put(THING), *patch = ls_http_patch(THING), *get = ls_http_get(THING);
    ls_http_bearer(put, session);
    ls_http_bytes(put, ALL_BYTES);
    LS_TRY(succeeds(put));
    ls_http_header(get, "x-plain", "yes");
    ls_probe *named = ls_http_as_probe(get);
    ls_probe_happened(named, 200);
    ls_probe_json(named, "/name", "x");
    ls_probe_text(named, "name");
    ls_probe_did_not(named, 404);
    ls_probe_otherwise_did_not(named);
    ls_http_text(patch, xs(1 << 16));
    ls_http_probe(patch, named);
    LS_TRY(succeeds(patch));
    LS_TRY(succeeds(ls_http_head(THING)));
    const ls_response *options;
    LS_TRY(ls_http_send(ls_http_options(THING), &options));
    LS_TRY(ls_expect_text(options, "is there"));
    return succeeds(ls_http_delete(THING));
}

static ls_result find(const char *most) {
    ls_request *finding = ls_http_get(FAR "/find");
    ls_http_query(finding, "q", "blue & grün");
    ls_http_redirects(finding, 2);
    const ls_response *found;
    LS_TRY(ls_http_send(finding, &found));
    LS_TRY(ls_expect_json(found, "/number", most));
    const char *first, *number;
    LS_TRY(ls_response_json_text(found, "/found/0", &first));
    ls_info("%s %s %s", found->url, ls_response_header(found, "X-Odd"), first);
    LS_TRY(ls_json_at(found->origin, ls_response_text(found), "/number", &number));
    ls_info("%s %u", number, found->timing.total);
    LS_ENSURE(!found->truncated, "the answer was cut");
    return ls_done();
}

// Fetched into an artifact, and sent as one.
static ls_result image(void) {
    ls_request *get = ls_http_get(FAR "/image"), *put = ls_http_put(FAR "/image");
    ls_http_into_artifact(get, "image");
    const ls_response *fetched, *sent;
    LS_TRY(ls_http_send(get, &fetched));
    LS_TRY(ls_expect_success(fetched));
    ls_artifact image;
    const char *text;
    LS_TRY(ls_response_artifact(fetched, &image));
    LS_TRY(ls_artifact_text(&image, &text));
    ls_info("%s %s", image.id, text);
    ls_http_header(put, "content-type", "application/x-image");
    ls_http_artifact(put, &image);
    LS_TRY(ls_http_send(put, &sent));
    return ls_expect_status(sent, 204);
}

static ls_result several(void) {
    static const uint8_t raw[] = {0, 255, 10};
    ls_request *form = ls_http_post(FAR "/form"), *wait = ls_http_get(FAR "/live"), *put = ls_http_put(THING);
    ls_http_part(form, "field", "a \"field\" of ü");
    ls_http_part_file(form, "file", "ü.bin", "application/octet-stream", (ls_bytes){raw, sizeof raw});
    ls_http_idempotent(form);
    const ls_response *sent, *live;
    LS_TRY(ls_http_send(form, &sent));
    LS_TRY(ls_expect_status(sent, 201));
    ls_http_until(wait, ls_millis(10), ls_secs(5));
    ls_http_until_status(wait, 200);
    ls_http_until_json(wait, "/state", "live");
    ls_http_until_json(wait, "/ready", "true");
    ls_http_until_text(wait, "live");
    LS_TRY(ls_http_send(wait, &live));
    ls_info("%u", (unsigned)live->tries);
    LS_TRY(image());
    ls_http_text(put, "ü");
    const ls_request *all[] = {ls_http_get(THING), put, ls_http_get("http://elsewhere.test/")};
    const ls_answer *answers;
    LS_TRY(ls_http_all(all, 3, &answers));
    for (int at = 0; at < 3; at++) {
        const ls_failure *failure = answers[at].result.failure;
        ls_info("%s", failure ? failure->code : ls_format("%d", answers[at].response->status));
    }
    return ls_done();
}

static ls_request *timed(ls_request *request) {
    ls_http_timeout(request, ls_secs(1));
    return request;
}

static void answers_no(void) {
    const ls_response *response;
    ls_result missing = ls_http_send(ls_http_get(FAR "/missing"), &response);
    refused("not there", missing.failure ? missing : ls_expect_status(response, 200));
    ls_request *none = ls_http_get(FAR "/missing");
    ls_http_into_artifact(none, "missing");
    missing = ls_http_send(none, &response);
    ls_artifact artifact;
    refused("no artifact of it", missing.failure ? missing : ls_response_artifact(response, &artifact));
    refused("no connection", ls_http_send(ls_http_get(FAR "/broken"), &response));
    refused("no such name", ls_http_send(ls_http_get(FAR "/nowhere"), &response));
    refused("too late", ls_http_send(timed(ls_http_get(FAR "/slow")), &response));
    refused("nobody knows", ls_http_send(timed(ls_http_post(FAR "/slow")), &response));
    refused("elsewhere", ls_http_send(ls_http_get("http://elsewhere.test/"), &response));
    refused("no url", ls_http_send(ls_http_get("far"), &response));
    ls_request *odd = ls_http_get(FAR "/missing");
    ls_http_header(odd, "a b", "");
    refused("no header", ls_http_send(odd, &response));
    ls_secret secret;
    refused("no secret", ls_secret_by_id("NONE", &secret));
    refused("a secret without a value", ls_secret_by_id("ABSENT", &secret));
}

ls_result ask(const ls_ctx *ctx) {
    const char *numbers, *least, *most;
    LS_TRY(ls_ctx_output(ctx, "numbers", &numbers));
    LS_TRY(ls_json_at("numbers", numbers, "/0", &least));
    LS_TRY(ls_json_at("numbers", numbers, "/1", &most));
    ls_info("%s %s", least, most);
    LS_TRY(make(most));
    LS_TRY(change());
    LS_TRY(find(most));
    LS_TRY(several());
    answers_no();
    return ls_done();
}

ls_result forget_things(const ls_ctx *ctx) {
    (void)ctx;
    return succeeds(ls_http_delete(THING));
}

// Runs a tool again, for as long as it may take, and expects success.
static ls_result again(const char *program, ls_list args, bool idempotent, ls_duration longest) {
    ls_command *tool = ls_shell_command(program, args);
    if (idempotent) ls_shell_idempotent(tool);
    if (longest) ls_shell_timeout(tool, longest);
    const ls_exit *exit;
    LS_TRY(ls_shell_run(tool, &exit));
    return ls_expect_exit_success(exit);
}

static ls_result say(ls_secret token) {
    ls_command *tool = ls_shell_command("/usr/bin/tool", LS_LIST("say", "it is", "", "ü"));
    ls_shell_env(tool, "TOKEN", token.marker);
    ls_shell_env(tool, "PLAIN", "ü");
    ls_shell_directory(tool, "/box");
    ls_probe *there = ls_probe_command("/usr/bin/look", LS_LIST("there"));
    ls_probe_happened(there, 0);
    ls_probe_did_not(there, 3);
    ls_probe_json(there, "/there", "true");
    ls_shell_stdin(tool, ALL_BYTES);
    ls_shell_timeout(tool, ls_secs(9));
    ls_shell_probe(tool, there);
    const ls_exit *said;
    LS_TRY(ls_shell_run(tool, &said));
    LS_TRY(ls_expect_exit_success(said));
    ls_info("%d %s %zu %u", said->code, ls_exit_text(said), said->err.size, (unsigned)said->duration);
    LS_ENSURE(!said->truncated, "the output was cut");
    return ls_done();
}

// Runs it with these codes for success.
static ls_result ends(const char *arg, const uint8_t *codes, size_t count, const ls_exit **exit) {
    ls_command *tool = ls_shell_command("/usr/bin/tool", LS_LIST(arg));
    ls_shell_idempotent(tool);
    for (size_t at = 0; at < count; at++) ls_shell_success_code(tool, codes[at]);
    return ls_shell_run(tool, exit);
}

static ls_result codes(void) {
    const ls_exit *fails, *plain, *kept;
    LS_TRY(ends("fail", (const uint8_t[]){0, 3}, 2, &fails));
    LS_TRY(ls_expect_exit_success(fails));
    LS_TRY(ends("fail", NULL, 0, &plain));
    ls_info("%s %s", fails->is_success ? "true" : "false", plain->is_success ? "true" : "false");
    ls_result ran = ends("keep", (const uint8_t[]){1}, 1, &kept);
    refused("no success", ran.failure ? ran : ls_expect_exit_success(kept));
    return ls_done();
}

static ls_result outputs(ls_secret token) {
    ls_command *tool = ls_shell_command("/usr/bin/tool", LS_LIST("keep")), *failing = ls_shell_command("/usr/bin/tool", LS_LIST("fail"));
    ls_artifact odd, kept;
    LS_TRY(ls_artifact_by_id("odd", &odd));
    ls_shell_idempotent(tool);
    ls_shell_env_file(tool, "TOKEN", token.marker);
    ls_shell_stdin_artifact(tool, &odd);
    ls_shell_stdout_artifact(tool, "said");
    const ls_exit *exit;
    LS_TRY(ls_shell_run(tool, &exit));
    LS_TRY(ls_exit_stdout_artifact(exit, &kept));
    const char *text;
    LS_TRY(ls_artifact_text(&kept, &text));
    ls_info("%s %s", kept.id, text);
    LS_TRY(codes());
    ls_shell_idempotent(failing);
    ls_shell_stdout_artifact(failing, "none");
    LS_TRY(ls_shell_run(failing, &exit));
    refused("no artifact", ls_exit_stdout_artifact(exit, &kept));
    return ls_done();
}

ls_result run(const ls_ctx *ctx) {
    (void)ctx;
    ls_secret token;
    LS_TRY(ls_secret_by_id("TOKEN", &token));
    LS_TRY(say(token));
    const ls_exit *look;
    LS_TRY(ls_shell_run(ls_shell_command("/usr/bin/look", LS_NONE), &look));
    LS_TRY(ls_json_expect(look->line, ls_exit_text(look), "/there", "true"));
    LS_TRY(outputs(token));
    refused("fails", again("/usr/bin/tool", LS_LIST("fail"), true, 0));
    refused("too late", again("/usr/bin/tool", LS_LIST("sleep"), true, ls_secs(1)));
    refused("nobody knows", again("/usr/bin/tool", LS_LIST("sleep"), false, ls_secs(1)));
    refused("not granted", again("/usr/bin/other", LS_NONE, false, 0));
    refused("no program", again("/usr/bin/none", LS_NONE, false, 0));
    refused("no path", again("tool", LS_NONE, false, 0));
    return ls_done();
}
