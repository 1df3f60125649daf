// What the SDK says to its host, and what it makes of the answers. Run by `scripts/test`; the README says how by hand.
#include "host.h"
#include "json.h"

static ls_result start(const ls_ctx *ctx) {
    (void)ctx;
    return ls_json("{\"pid\":7}");
}

static ls_result stop(const ls_ctx *ctx) {
    (void)ctx;
    return ls_text("an undo gives nothing");
}

static ls_result fail(const ls_ctx *ctx) {
    (void)ctx;
    return ls_context(ls_retryable(ls_with_code(ls_fail("it is %s", "taken"), "shop.taken")), "starting");
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "shop", "1.2.3", .title = "Deploy the shop");
    ls_parameter(p, "slot", .title = "Which side", .fallback = "blue", .choices = LS_LIST("blue", "green"));
    ls_phase(p, "Deploy");
    ls_step(p, "start", "It runs", start, .undo = stop, .about = "It is started.", .needs = LS_NONE, .timeout = 1500, .retry = {3, ls_secs(1)},
            .retry_on = LS_LIST("http.connect"), .on_failure = LS_UNDO, .expected = ls_minutes(1));
    ls_step(p, "fail", "Fail", fail, .irreversible = true, .needs = LS_LIST("start"), .retry = {2, ls_minutes(2), ls_minutes(5)});
}

static void the_host_is_told_what_was_declared(void) {
    host_begin();
    contract_procedure_describe();
    SAME(host_said, "description shop, 1.2.3\ntitle Deploy the shop\nparameter slot\ntitle Which side\nfallback blue\nchoices [blue][green]\n");
    host_begin();
    contract_procedure_plan();
    SAME(host_said, "step start, It runs\nabout It is started.\nphase Deploy\nneeds \ntimeout 2\nretry 3 1000 60000\nretry on [http.connect]\nundo\n"
                    "undoable\nexpected 60\nstep fail, Fail\nphase Deploy\nneeds [start]\nretry 2 120000 300000\nirreversible\n");
}

// The answer to the host as a line.
static const char *answered(const void *answer) {
    const abi_result *result = answer;
    if (!result->is_err) return result->as.option.some ? result->as.option.as.text.data : "nothing";
    const abi_failure *failure = &result->as.failure;
    if (failure->kind != LS_FAILED) return ls_format("kind %d: %s", failure->kind, failure->as.message.data);
    return ls_format("%s: %s, %d", failure->as.problem.code.data, failure->as.problem.message.data, failure->as.problem.retryable);
}

static void a_step_gives_its_output_or_its_failure_to_the_host(void) {
    host_begin();
    SAME(answered(contract_procedure_run_step("start", 5)), "{\"pid\":7}");
    SAME(answered(contract_procedure_undo_step("start", 5)), "nothing");
    SAME(answered(contract_procedure_run_step("fail", 4)), "shop.taken: starting: it is taken, 1");
    SAME(answered(contract_procedure_undo_step("fail", 4)), "step.unknown: step `fail` declares no undo, 0");
    SAME(answered(contract_procedure_run_step("stop", 4)), "step.unknown: the procedure declares no step `stop` for these parameters, 0");
}

static const char *message(ls_result result) { return result.failure ? result.failure->message : "no failure"; }
static const char *code(ls_result result) { return result.failure ? result.failure->code : "no failure"; }

static void a_failure_of_the_host_keeps_its_kind_its_code_and_its_words(void) {
    static const char *const codes[] = {"denied", "timed-out", "in-doubt"};
    for (int kind = LS_DENIED; kind < LS_FAILED; kind++) {
        host_begin();
        abi_failure failure = {.kind = (uint8_t)kind, .as.message = {"because", 7}};
        host_failure = &failure;
        const ls_exit *exit;
        ls_result result = ls_shell_run(ls_shell_command("/bin/true", LS_NONE), &exit);
        HOLDS(result.failure && result.failure->kind == (ls_kind)kind);
        SAME(message(ls_with_code(ls_retryable(result), "mine")), "because");
        SAME(code(ls_with_code(result, "mine")), codes[kind]);
        HOLDS(ls_is_retryable(result) == (kind == LS_TIMED_OUT));
    }
    host_begin();
    abi_failure failure = {.kind = LS_FAILED, .as.problem = {{"http.tls", 8}, {"expired", 7}, 1}};
    host_failure = &failure;
    const ls_response *response;
    ls_result result = ls_http_send(ls_http_get("https://shop/"), &response);
    SAME(code(result), "http.tls");
    SAME(message(ls_context(result, "asking %s", "it")), "asking it: expired");
    HOLDS(ls_is_retryable(result));
    HOLDS(!ls_context(ls_done(), "never").failure);
}

static void a_request_and_a_command_are_said_in_the_hosts_words(void) {
    host_begin();
    ls_request *request = ls_http_post("http://shop/orders?a=b#c");
    ls_http_query(request, "who", "Ada & Bob");
    ls_http_json(request, ls_json_object("\xc3\xbc", "<", NULL));
    ls_http_timeout(request, UINT64_MAX);
    ls_http_idempotent(request);
    const ls_response *response;
    HOLDS(!ls_http_send(request, &response).failure);
    SAME(host_said, "request POST, http://shop/orders?a=b&who=Ada%20%26%20Bob#c\ncontent-type: application/json\nbody {\"\xc3\xbc\":\"<\"}\n"
                    "timeout 4294967295\nidempotent\ndrop\ndrop\n");
    host_begin();
    ls_command *command = ls_shell_command("/usr/bin/git", LS_LIST("tag", "a b"));
    ls_probe *probe = ls_probe_http("http://git/tags");
    ls_probe_did_not(probe, 404);
    ls_probe_json(probe, "/tag", "a b");
    ls_shell_probe(command, probe);
    ls_shell_env(command, "HOME", "/srv");
    ls_shell_stdin(command, ls_bytes_of("yes"));
    const ls_exit *exit;
    HOLDS(!ls_shell_run(command, &exit).failure);
    SAME(host_said, "command /usr/bin/git [tag][a b]\nHOME=/srv\nstdin yes\nrequest GET, http://git/tags\ndrop\ndid not 404\nhas a b at /tag\nprobe 2\n"
                    "drop\ndrop\ndrop\n");
    SAME(exit->line, "/usr/bin/git tag \"a b\"");
}

static void an_expectation_that_fails_says_what_was_found_instead(void) {
    host_begin();
    host_status = 503;
    host_body = "{\"status\":\"down\"}";
    const ls_response *response;
    HOLDS(!ls_http_send(ls_http_get("http://shop/health"), &response).failure);
    SAME(message(ls_expect_status(response, 200)), "GET http://shop/health: expected status 200, found 503 with {\"status\":\"down\"}");
    SAME(message(ls_expect_success(response)), "GET http://shop/health: expected success, found status 503 with {\"status\":\"down\"}");
    SAME(message(ls_expect_json(response, "/status", "\"ok\"")), "GET http://shop/health: expected /status to be \"ok\", found \"down\"");
    SAME(message(ls_expect_json(response, "/state", "1")), "GET http://shop/health: expected something at /state, found none in {\"status\":\"down\"}");
    SAME(message(ls_expect_text(response, "up")), "GET http://shop/health: expected \"up\" in the body, found {\"status\":\"down\"}");
    SAME(message(ls_expect_faster_than(response, ls_secs(1))), "GET http://shop/health: expected an answer within 1 s, found 1.5 s");
    SAME(code(ls_expect_status(response, 200)), LS_ASSERTION);
    HOLDS(ls_is_retryable(ls_expect_status(response, 200)) && !ls_expect_status(response, 503).failure);
    host_status = 1;
    host_body = " no such tag\n";
    const ls_exit *exit;
    HOLDS(!ls_shell_run(ls_shell_command("/usr/bin/git", LS_LIST("tag")), &exit).failure);
    SAME(message(ls_expect_code(exit, 0)), "`/usr/bin/git tag`: expected exit code 0, found 1; it said: no such tag");
    SAME(message(ls_expect_no_output(exit)), "`/usr/bin/git tag`: expected no output, found no such tag");
    char *page = ls_alloc(602);
    for (int at = 0; at < 600; at += 2) memcpy(page + at, "\xc3\xbc", 2);
    SAME(json_shown(ls_format("%s\xc3\xbc", page)), ls_format("%s\xe2\x80\xa6 (602 bytes in all)", page));
}

static void numbers_of_64_bits_come_and_go_whole(void) {
    static const int64_t ends[] = {INT64_MIN, INT64_MAX};
    static const char *const texts[] = {"-9223372036854775808", "9223372036854775807"};
    int64_t number;
    for (int at = 0; at < 2; at++) {
        host_begin();
        host_parameter = texts[at];
        HOLDS(!ls_ctx_parameter_number(NULL, "number", &number).failure && number == ends[at]);
        SAME(ls_number(ends[at]).output, texts[at]);
        const char *found;
        HOLDS(!ls_json_at("it", ls_format("{\"n\": %s}", texts[at]), "/n", &found).failure);
        SAME(found, texts[at]);
    }
    host_parameter = "9223372036854775808";
    ls_result beyond = ls_ctx_parameter_number(NULL, "number", &number);
    SAME(code(beyond), LS_PARAMETER);
    SAME(message(beyond), "parameter `number` is \"9223372036854775808\", which does not read as a whole number");
    host_free = "18446744073709551615";
    uint64_t free;
    HOLDS(!ls_files_disk_free("/app", &free).failure && free == UINT64_MAX);
    host_free = "1610612736";
    SAME(message(ls_files_expect_disk_free("/app", ls_mib(2048))), "/app: expected at least 2.0 GiB free, found 1.5 GiB");
}

static void what_is_missing_or_of_another_shape_has_a_code(void) {
    host_begin();
    const char *text;
    SAME(code(ls_ctx_parameter(NULL, "port", &text)), LS_PARAMETER);
    SAME(code(ls_ctx_output(NULL, "start", &text)), LS_OUTPUT);
    host_output = "7";
    SAME(message(ls_ctx_output_text(NULL, "start", "", &text)), "the output of step `start` has no text at \"\": it is 7");
}

static void text_becomes_json_and_back(void) {
    const char *odd = "\"\\/\b\f\n\r\t\x01 \xf0\x9f\x98\x80", *text;
    SAME(ls_json_text(odd), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001 \xf0\x9f\x98\x80\"");
    HOLDS(!ls_json_text_at("it", ls_json_text(odd), "", &text).failure);
    SAME(text, odd);
    HOLDS(!ls_json_text_at("it", "{\"a/b\":[0,\"\\ud83d\\ude00\"]}", "/a~1b/1", &text).failure);
    SAME(text, "\xf0\x9f\x98\x80");
    SAME(message(ls_json_at("it", "{", "", &text)), "it: expected JSON, found {");
}

static void an_artifact_is_written_in_parts_and_says_its_size(void) {
    host_begin();
    ls_draft draft;
    ls_artifact kept;
    ls_artifact_draft("notes", &draft);
    ls_draft_append(&draft, ls_bytes_of("one"));
    ls_draft_append_text(&draft, "\xc3\xbc");
    HOLDS(!ls_draft_seal(&draft, &kept).failure);
    SAME(host_said, "draft notes\nappend one\nappend text \xc3\xbc\nseal 3\ndrop\n");
    HOLDS(kept.handle == 4);
    SAME(kept.id, "notes");
    host_size = "18446744073709551615";
    HOLDS(ls_artifact_size(&kept) == UINT64_MAX);
    // More than an address of 32 bits can tell is not cut to what is left of it.
    host_size = "4294967299";
    ls_bytes bytes;
    SAME(message(ls_artifact_bytes(&kept, &bytes)), "artifact `notes` is too large to be read whole");
    abi_failure failure = {.kind = LS_FAILED, .as.problem = {{"artifact.taken", 14}, {"another", 7}, 0}};
    host_failure = &failure;
    SAME(code(ls_draft_seal(&draft, &kept)), "artifact.taken");
}

static void a_line_has_fields_that_a_machine_can_read(void) {
    host_begin();
    const char *slot = "blue";
    ls_info("started %s", slot);
    ls_debug_with(LS_FIELDS("slot", slot), "a %d", 1);
    ls_info_with(LS_FIELDS("slot", slot, "port", ls_format("%d", 8081)), "started");
    ls_warn_with(LS_FIELDS("nothing", ""), "b");
    ls_error_with((ls_fields){NULL, 0}, "c");
    SAME(host_said, "info started blue\ndebug a 1 slot=blue\ninfo started slot=blue port=8081\nwarn b nothing=\nerror c\n");
}

static void a_form_is_escaped_and_keeps_its_order(void) {
    host_begin();
    ls_request *request = ls_http_post("http://shop/login");
    ls_http_form(request, LS_FIELDS("user", "\xc3\xbc", "ok", "1", "a b&", "+=%/-._~\n", "ok", ""));
    const ls_response *response;
    HOLDS(!ls_http_send(request, &response).failure);
    SAME(host_said, "request POST, http://shop/login\ncontent-type: application/x-www-form-urlencoded\n"
                    "body user=%C3%BC&ok=1&a%20b%26=%2B%3D%25%2F-._~%0A&ok=\ndrop\ndrop\n");
}

static void text_with_nul_is_refused_and_not_cut(void) {
    host_begin();
    const char *text = "untouched";
    ls_artifact artifact = {4, "notes", ""};
    host_content = (ls_bytes){(const uint8_t *)"a\0b", 3};
    host_size = "3";
    SAME(message(ls_files_read_text("/app/notes", &text)), "/app/notes: a text with NUL in it would end there in C");
    SAME(message(ls_artifact_text(&artifact, &text)), "artifact `notes`: a text with NUL in it would end there in C");
    SAME(code(ls_artifact_text(&artifact, &text)), LS_ASSERTION);
    HOLDS(!ls_is_retryable(ls_artifact_text(&artifact, &text)));
    SAME(text, "untouched");
    host_content = (ls_bytes){(const uint8_t *)"abc", 3};
    HOLDS(!ls_files_read_text("/app/notes", &text).failure);
    SAME(text, "abc");
    HOLDS(!ls_artifact_text(&artifact, &text).failure);
    SAME(text, "abc");
}

static void headers_lines_and_json_are_expected(void) {
    host_begin();
    const ls_response *response;
    HOLDS(!ls_http_send(ls_http_get("http://shop/health"), &response).failure);
    HOLDS(!ls_expect_header(response, "ETag", "2").failure);
    SAME(message(ls_expect_header(response, "etag", "3")), "GET http://shop/health: expected header etag: 3, found 1");
    SAME(message(ls_expect_header(response, "age", "3")), "GET http://shop/health: expected header age: 3, found no such header");
    host_body = "a\r\n\nb c\n";
    const ls_exit *exit;
    const char *text = "";
    HOLDS(!ls_shell_run(ls_shell_command("/usr/bin/git", LS_LIST("tag")), &exit).failure);
    ls_list lines = ls_exit_lines(exit);
    HOLDS(lines.count == 3);
    SAME(ls_format("%s|%s|%s", lines.items[0], lines.items[1], lines.items[2]), "a||b c");
    host_body = "\n";
    HOLDS(!ls_shell_run(ls_shell_command("/usr/bin/git", LS_LIST("tag")), &exit).failure);
    HOLDS(ls_exit_lines(exit).count == 0);
    host_body = "{\"state\":\"up\"}\n";
    HOLDS(!ls_shell_run(ls_shell_command("/usr/bin/git", LS_LIST("tag")), &exit).failure);
    HOLDS(!ls_exit_json_text(exit, "/state", &text).failure);
    SAME(text, "up");
    HOLDS(!ls_expect_output_json(exit, "/state", "\"up\"").failure);
    SAME(message(ls_expect_output_json(exit, "/state", "\"down\"")), "`/usr/bin/git tag`: expected /state to be \"down\", found \"up\"");
    HOLDS(ls_kib(1) == 1024 && ls_mib(2) == 2097152 && ls_gib(5) == 5368709120);
}

static void instants_are_added_to_and_compared(void) {
    static const char *const later[][2] = {{"2024-02-28T23:59:59.75Z", "2024-02-29T00:00:00.250000Z"},
                                           {"2026-12-31t23:59:59.5z", "2027-01-01T00:00:01.000000Z"},
                                           {"2026-03-01T12:00:00.1234567+02:00", "2026-03-01T10:00:01.623456Z"},
                                           {"1969-12-31T22:59:58-00:30", "1969-12-31T23:29:59.500000Z"}};
    const char *text = "";
    for (size_t at = 0; at < sizeof later / sizeof *later; at++) {
        ls_duration much = at ? 1500 : 500;
        HOLDS(!ls_clock_plus(later[at][0], much, &text).failure);
        SAME(text, later[at][1]);
        ls_duration passed;
        HOLDS(!ls_clock_since(text, later[at][0], &passed).failure && passed == much);
        HOLDS(!ls_clock_since(later[at][0], text, &passed).failure && passed == 0);
    }
    static const char *const none[] = {"", "2026-03-01", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-15-01T00:00:00Z", "2026-03-01T24:00:00Z",
                                       "2026-03-01T12:00:00", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00Z ", "2026-03-01T12:00:00+0200",
                                       "2026-03-01 12:00:00Z"};
    for (size_t at = 0; at < sizeof none / sizeof *none; at++) {
        SAME(message(ls_clock_plus(none[at], 1, &text)), ls_format("\"%s\" is no instant: it must look like 2026-03-01T12:00:00Z", none[at]));
    }
}

int main(void) {
    the_host_is_told_what_was_declared();
    a_step_gives_its_output_or_its_failure_to_the_host();
    a_failure_of_the_host_keeps_its_kind_its_code_and_its_words();
    a_request_and_a_command_are_said_in_the_hosts_words();
    an_expectation_that_fails_says_what_was_found_instead();
    numbers_of_64_bits_come_and_go_whole();
    what_is_missing_or_of_another_shape_has_a_code();
    text_becomes_json_and_back();
    an_artifact_is_written_in_parts_and_says_its_size();
    a_line_has_fields_that_a_machine_can_read();
    a_form_is_escaped_and_keeps_its_order();
    text_with_nul_is_refused_and_not_cut();
    headers_lines_and_json_are_expected();
    instants_are_added_to_and_compared();
    far_tests();
    moved_tests();
    tool_tests();
    printf(tests_failed ? "%d failures\n" : "33 tests of the C SDK passed\n", tests_failed);
    return tests_failed != 0;
}
