// What the SDK asks of a host, answered by this one. What no test asks for is not here: the linker drops the SDK's part that would.
#include "host.h"

const char *host_said, *host_parameter, *host_output, *host_body, *host_free, *host_size;
ls_bytes host_content;
int32_t host_status, host_well, host_kept, host_seen_count;
const char *host_seen[4][4];
const char *const *host_prints;
abi_failure *host_failure;
int tests_failed;

void host_begin(void) {
    host_said = "";
    host_parameter = host_output = NULL;
    host_body = host_free = "";
    host_prints = NULL;
    host_size = "0";
    host_content = ls_bytes_of("");
    host_status = host_well = host_kept = host_seen_count = 0;
    host_failure = NULL;
}

void say(const char *format, ...) {
    va_list values;
    va_start(values, format);
    host_said = ls_format("%s%s\n", host_said, abi_format(format, values));
    va_end(values);
}

const char *told(const void *text, size_t size) { return ls_format("%.*s", (int)size, (const char *)text); }

const char *listed(const void *items, size_t count) {
    const char *list = "";
    for (size_t at = 0; at < count; at++) {
        const abi_text *text = (const abi_text *)items + at;
        list = ls_format("%s[%s]", list, told(text->data, text->size));
    }
    return list;
}

static const char *paired(const void *items, size_t count) {
    const char *list = "";
    for (size_t at = 0; at < count; at++) {
        const abi_pair *pair = (const abi_pair *)items + at;
        list = ls_format("%s %s=%s", list, told(pair->key.data, pair->key.size), told(pair->value.data, pair->value.size));
    }
    return list;
}

void give(void *into, const char *text) { *(abi_text *)into = (abi_text){text, strlen(text)}; }

void maybe(void *into, const char *text) {
    abi_option *option = into;
    option->some = text != NULL;
    if (text) give(&option->as.text, text);
}

bool well(abi_result *result) {
    memset(result, 0, sizeof *result);
    result->is_err = host_failure != NULL;
    if (host_failure) result->as.failure = *host_failure;
    return !host_failure;
}

TWO(contract_plan_description, "description")
TEXT(contract_plan_description_title, "title")
TEXT(contract_plan_parameter_title, "title")
TEXT(contract_plan_parameter_fallback, "fallback")
LIST(contract_plan_parameter_choices, "choices")
TWO(contract_plan_step, "step")
TEXT(contract_plan_step_about, "about")
TEXT(contract_plan_step_phase, "phase")
LIST(contract_plan_step_needs, "needs")
NUMBER(contract_plan_step_timeout, "timeout")
LIST(contract_plan_step_retry_on, "retry on")
WORD(contract_plan_step_on_failure_pause, "pause")
WORD(contract_plan_step_on_failure_undo, "undo")
WORD(contract_plan_step_on_failure_continue, "continue")
WORD(contract_plan_step_undoable, "undoable")
WORD(contract_plan_step_irreversible, "irreversible")
NUMBER(contract_plan_step_expected, "expected")

int32_t contract_plan_parameter(const void *text, size_t size) {
    say("parameter %s", told(text, size));
    return 1;
}

void contract_plan_step_retry(int32_t step, int32_t attempts, int32_t backoff, int32_t longest) {
    (void)step;
    say("retry %d %u %u", attempts, (uint32_t)backoff, (uint32_t)longest);
}

void contract_run_environment(void *into) { give(into, "staging"); }
void contract_run_parameter(const void *text, size_t size, void *into) { (void)text, (void)size, maybe(into, host_parameter); }
void contract_run_output_of(const void *text, size_t size, void *into) { (void)text, (void)size, maybe(into, host_output); }

NUMBER(contract_types_probe_happened, "happened")
NUMBER(contract_types_probe_did_not, "did not")
TEXT(contract_types_probe_text, "has")
WORD(contract_types_probe_otherwise_did_not, "otherwise did not")
WORD(contract_types_probe_drop, "drop")

void contract_types_probe_json(int32_t probe, const void *pointer, size_t pointer_size, const void *value, size_t value_size) {
    (void)probe;
    say("has %s at %s", told(value, value_size), told(pointer, pointer_size));
}

TWO(contract_http_request, "request")
NUMBER(contract_http_request_probe, "probe")
NUMBER(contract_shell_command_probe, "probe")

int32_t contract_http_request_as_probe(int32_t request) { return request + 1; }
WORD(contract_http_request_drop, "drop")
WORD(contract_http_response_drop, "drop")
NUMBER(contract_http_request_timeout, "timeout")
NUMBER(contract_http_request_redirects, "redirects")
WORD(contract_http_request_idempotent, "idempotent")
TEXT(contract_http_request_body, "body")
TEXT(contract_http_request_body_text, "body")
NUMBER(contract_http_request_body_artifact, "artifact")
TEXT(contract_http_request_into_artifact, "into")

void contract_http_request_header(int32_t request, const void *key, size_t key_size, const void *value, size_t value_size) {
    (void)request;
    say("%s: %s", told(key, key_size), told(value, value_size));
}

void contract_http_request_capture(int32_t request, const void *pointer, size_t pointer_size, const void *id, size_t id_size) {
    (void)request;
    say("capture %s %s", told(pointer, pointer_size), told(id, id_size));
}

void contract_http_request_send(int32_t request, void *into) { (void)request, (void)well(into); }
void contract_http_response_url(int32_t response, void *into) { (void)response, give(into, "http://shop/health"); }
void contract_http_response_body(int32_t response, void *into) { (void)response, give(into, host_body); }
int32_t contract_http_response_status(int32_t response) { return (void)response, host_status; }
int32_t contract_http_response_truncated(int32_t response) { return (void)response, 0; }

void contract_http_response_headers(int32_t response, void *into) {
    (void)response;
    static const abi_pair pairs[] = {{{"etag", 4}, {"1", 1}}, {{"etag", 4}, {"2", 1}}};
    *(abi_texts *)into = (abi_texts){(const abi_text *)pairs, 2};
}

void contract_http_response_timing(int32_t response, void *into) {
    (void)response;
    ((uint32_t *)into)[4] = 1500000;
}

int32_t contract_shell_command(const void *program, size_t size, const void *args, size_t count) {
    say("command %s %s", told(program, size), listed(args, count));
    return 1;
}

void contract_shell_exit_stdout_artifact(int32_t exit, void *into) {
    (void)exit;
    abi_option *kept = into;
    kept->some = host_status == 0;
    kept->as.handle = 4;
}

void contract_http_response_body_artifact(int32_t response, void *into) {
    (void)response;
    *(abi_option *)into = (abi_option){.some = host_kept != 0, .as.handle = host_kept};
}

int32_t contract_http_response_tries(int32_t response) { return (void)response, 3; }
TEXT(contract_shell_command_directory, "directory")
TEXT(contract_shell_command_stdin, "stdin")
NUMBER(contract_shell_command_timeout, "timeout")
WORD(contract_shell_command_idempotent, "idempotent")
NUMBER(contract_shell_command_success_code, "code")
WORD(contract_shell_command_drop, "drop")
WORD(contract_shell_exit_drop, "drop")

void contract_shell_command_env(int32_t command, const void *key, size_t key_size, const void *value, size_t value_size) {
    (void)command;
    say("%s=%s", told(key, key_size), told(value, value_size));
}

void contract_shell_command_run(int32_t command, void *into) { (void)command, (void)well(into); }
void contract_shell_exit_stdout(int32_t exit, void *into) { (void)exit, give(into, host_prints ? *host_prints++ : host_body); }
void contract_shell_exit_stderr(int32_t exit, void *into) { (void)exit, give(into, ""); }
int32_t contract_shell_exit_code(int32_t exit) { return (void)exit, host_status; }
int32_t contract_shell_exit_is_success(int32_t exit) { return (void)exit, host_status == host_well; }
int32_t contract_shell_exit_truncated(int32_t exit) { return (void)exit, 0; }
int32_t contract_shell_exit_duration(int32_t exit) { return (void)exit, 3; }

void contract_files_disk_free(const void *path, size_t size, void *into) {
    (void)path, (void)size;
    abi_result *result = into;
    if (well(result)) give(&result->as.text, host_free);
}

void contract_files_read_text(const void *path, size_t size, void *into) {
    (void)path, (void)size;
    abi_result *result = into;
    if (well(result)) result->as.text = (abi_text){(const char *)host_content.data, host_content.size};
}

int32_t contract_artifact_draft(const void *id, size_t size) {
    say("draft %s", told(id, size));
    return 3;
}

TEXT(contract_artifact_draft_append, "append")
TEXT(contract_artifact_draft_append_text, "append text")
WORD(contract_artifact_draft_drop, "drop")

void contract_artifact_draft_seal(int32_t draft, void *into) {
    say("seal %d", draft);
    abi_result *result = into;
    if (well(result)) result->as.handle = 4;
}

void contract_artifact_sealed_id(int32_t sealed, void *into) { (void)sealed, give(into, "notes"); }
void contract_artifact_sealed_digest(int32_t sealed, void *into) { (void)sealed, give(into, "sha256:ab12"); }
void contract_artifact_sealed_size(int32_t sealed, void *into) { (void)sealed, give(into, host_size); }

void contract_artifact_sealed_read(int32_t sealed, int32_t offset, int32_t count, void *into) {
    (void)sealed, (void)count;
    abi_result *result = into;
    if (well(result)) result->as.text = (abi_text){(const char *)host_content.data + offset, host_content.size - (size_t)offset};
}

#define LOG(level)                                                                                                                                    \
    void contract_log_##level(const void *message, size_t size, const void *fields, size_t count) {                                                   \
        say(#level " %s%s", told(message, size), paired(fields, count));                                                                              \
    }

LOG(debug)
LOG(info)
LOG(warn)
LOG(error)
