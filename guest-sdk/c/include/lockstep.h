// Write a Lockstep procedure in C that reads like the runbook it replaces.
//
//     #include <lockstep.h>
//
//     static ls_result greet(const ls_ctx *ctx) {
//         const char *who;
//         LS_TRY(ls_ctx_parameter(ctx, "who", &who));
//         return ls_text(ls_format("hello, %s", who));
//     }
//
//     LOCKSTEP_PROCEDURE(p) {
//         ls_describe(p, "hello", "0.1.0", .title = "Say hello");
//         ls_parameter(p, "who", .title = "Whom to greet", .fallback = "world");
//         ls_step(p, "greet", "Greet them", greet);
//     }
//
// Results: whatever can fail gives an `ls_result`, and `LS_TRY` hands a failure on. What else a call gives it writes through its last argument.
// Memory: the host calls each step in a fresh instance and throws it away. Nothing is ever freed, and nothing has to be. Texts end with NUL and are UTF-8.
// Rules: while the procedure is declared nothing may be asked of the world. A step shares nothing with another in memory: it gives an output, and later
// steps read it. An undo may meet a step that stopped half-way: remember what you are about to make, and look before you remove.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Results ---------------------------------------------------------------------------------------------------------------------------------------

// Why something did not give its result.
typedef enum {
    LS_DENIED,    // The grant does not allow it.
    LS_TIMED_OUT, // The deadline of the call, the step or the run passed.
    LS_IN_DOUBT,  // It may or may not have happened; an operator decided to let the procedure know.
    LS_FAILED,    // The far side, the host or the procedure failed: see the code.
} ls_kind;

// What failed. `code` is stable: `http.tls`, `shell.program-missing`, or one of the SDK's own below; `denied`, `timed-out` and `in-doubt` of the others.
typedef struct {
    ls_kind kind;
    const char *code;
    const char *message;
    bool retryable;
} ls_failure;

// A failure, or none. `output` is what a step gives: JSON text, or NULL for nothing.
typedef struct {
    const ls_failure *failure;
    const char *output;
} ls_result;

#define LS_ASSERTION "step.assertion" // The world is not as the procedure expects it. Retried when the step declares a retry.
#define LS_GAVE_UP "step.failed"      // The procedure gave up. Not retried.
#define LS_PARAMETER "step.parameter" // A parameter is missing or does not read as the type asked for.
#define LS_OUTPUT "step.output"       // An output or a remembered value is missing or has another shape.
#define LS_EXCEPTION "step.exception" // `abort`, or an `assert` that does not hold, with its place. Not retried.
#define LS_UNKNOWN "step.unknown"     // The host asked for a step or an undo that the procedure does not declare.

// Hands a failure on to the caller.
#define LS_TRY(result)                                                                                                                                \
    do {                                                                                                                                              \
        ls_result ls_tried_ = (result);                                                                                                               \
        if (ls_tried_.failure) return ls_tried_;                                                                                                      \
    } while (0)

// Fails the step unless something holds: `LS_ENSURE(free > 3, "only %d slots are free", free)`. Code `step.assertion`, retryable.
#define LS_ENSURE(condition, ...)                                                                                                                     \
    do {                                                                                                                                              \
        if (!(condition)) return ls_assertion(__VA_ARGS__);                                                                                           \
    } while (0)

ls_result ls_done(void);                 // It worked, and gives nothing.
ls_result ls_text(const char *text);     // A step's output: this text, as JSON.
ls_result ls_number(int64_t number);     // A step's output: this number.
ls_result ls_json(const char *json);     // A step's output: JSON text.
__attribute__((format(printf, 1, 2))) ls_result ls_fail(const char *format, ...);      // The procedure gives up: code `step.failed`.
__attribute__((format(printf, 1, 2))) ls_result ls_assertion(const char *format, ...); // The world is not as expected: code `step.assertion`, retryable.
ls_result ls_with_code(ls_result result, const char *code); // Gives a failure another code; only one of kind `LS_FAILED` has one to change.
ls_result ls_retryable(ls_result result);                   // Says that trying again may help.
bool ls_is_retryable(ls_result result);                     // Whether trying again may help.
__attribute__((format(printf, 2, 3))) ls_result ls_context(ls_result result, const char *format, ...); // Puts what was being done before what went wrong.

// Memory, texts, units --------------------------------------------------------------------------------------------------------------------------

// Bytes. One NUL follows them, so that text can be used as it is.
typedef struct {
    const uint8_t *data;
    size_t size;
} ls_bytes;

// Texts. `LS_LIST("a", "b")` makes one; `LS_NONE` is an empty one, which is not the same as none given.
typedef struct {
    const char *const *items;
    size_t count;
} ls_list;
#define LS_LIST(...) ((ls_list){(const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})
#define LS_NONE ((ls_list){(const char *const[]){NULL}, 0})

// Names with their values, in turns: `LS_FIELDS("slot", slot, "port", ls_format("%d", port))`. A name without a value does not compile.
typedef struct {
    const char *const *items;
    size_t count; // Of the pairs.
} ls_fields;
#define LS_FIELDS(...) ((ls_fields){(const char *const[]){__VA_ARGS__}, LS_PAIRS_(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))})
// No array has fewer than no elements: so an odd number of texts does not compile.
#define LS_PAIRS_(texts) ((texts) / 2 + 0 * sizeof(char[1 - 2 * (int)((texts) % 2)]))

void *ls_alloc(size_t size);                                                            // Zeroed memory. Traps when there is none left.
__attribute__((format(printf, 1, 2))) const char *ls_format(const char *format, ...);   // As printf, into new memory.
const char *ls_trim(const char *text);                                                  // Without white space at both ends.
ls_bytes ls_bytes_of(const char *text);                                                 // The bytes of a text.

// Milliseconds.
typedef uint64_t ls_duration;
static inline ls_duration ls_millis(uint64_t count) { return count; }
static inline ls_duration ls_secs(uint64_t count) { return count * 1000; }
static inline ls_duration ls_minutes(uint64_t count) { return count * 60000; }

// Bytes.
static inline uint64_t ls_kib(uint64_t count) { return count << 10; }
static inline uint64_t ls_mib(uint64_t count) { return count << 20; }
static inline uint64_t ls_gib(uint64_t count) { return count << 30; }

// The procedure ---------------------------------------------------------------------------------------------------------------------------------

typedef struct ls_procedure ls_procedure; // The procedure being declared.
typedef struct ls_ctx ls_ctx;             // The run as one step sees it.
typedef ls_result ls_act(const ls_ctx *ctx); // A step, or its undo.

// Makes what follows the procedure of this component. The host calls it on a fresh instance whenever it wants to describe, plan, run a step or undo one.
#define LOCKSTEP_PROCEDURE(p) void lockstep_procedure(ls_procedure *p)
LOCKSTEP_PROCEDURE(p);

// When no attempt of a step is left.
typedef enum {
    LS_DECIDE,   // Pause when a person is attached, else undo.
    LS_PAUSE,    // Stop and wait for an operator.
    LS_UNDO,     // Undo everything done so far.
    LS_CONTINUE, // Go on with the steps that do not need it.
} ls_on_failure;

typedef struct {
    const char *id, *version;
    const char *title; // One line for the operator.
} ls_description;

typedef struct {
    const char *id;
    const char *title;    // One line for the operator.
    const char *fallback; // The value when none is given; without one it is required.
    ls_list choices;      // The only values allowed.
} ls_parameter_words;

typedef struct {
    const char *id, *title;
    ls_act *run;
    ls_act *undo;             // The function that undoes it. It may find the step half done, and must look before it removes.
    bool irreversible;        // It cannot be undone: the point of no return.
    const char *about;        // What it does and why, at length.
    ls_list needs;            // The steps that must have succeeded before it, instead of the one declared before it.
    ls_duration timeout;      // How long one attempt may take.
    struct {
        uint32_t attempts;    // Tries in all.
        ls_duration backoff;  // The wait before the second, doubled before each further one,
        ls_duration longest;  // up to this; a minute when it is not said.
    } retry;
    ls_list retry_on;         // The only failure codes to try again after.
    ls_on_failure on_failure; // What to do when no attempt is left.
    ls_duration expected;     // How long it usually takes.
} ls_step_words;

// Names the procedure: its id in kebab case, its version as semver. Once. `ls_describe(p, "shop", "1.0.0", .title = "…")`.
#define ls_describe(p, id_, ...) ls_procedure_describe(p, (ls_description){.id = id_, .version = __VA_ARGS__})
// Declares something the procedure needs to be told, as in `-p id=value`: `ls_parameter(p, "port", .fallback = "8080")`.
#define ls_parameter(p, ...) ls_procedure_parameter(p, (ls_parameter_words){.id = __VA_ARGS__})
// Declares a step: `ls_step(p, "start", "It runs", start, .undo = stop, .timeout = ls_minutes(2), .retry = {3, ls_secs(1)})`.
#define ls_step(p, id_, title_, ...) ls_procedure_step(p, (ls_step_words){.id = id_, .title = title_, .run = __VA_ARGS__})
void ls_procedure_describe(ls_procedure *p, ls_description words);
void ls_procedure_parameter(ls_procedure *p, ls_parameter_words words);
void ls_procedure_step(ls_procedure *p, ls_step_words words);
void ls_phase(ls_procedure *p, const char *heading);           // The heading that the steps declared from here on stand under.
const char *ls_value(const ls_procedure *p, const char *id);   // The value of a parameter, to decide which steps there are; NULL when it has none.
const char *ls_environment(const ls_procedure *p);             // The name of the environment; empty while the procedure is only being described.

// What a step knows of its run ------------------------------------------------------------------------------------------------------------------

const char *ls_ctx_step(const ls_ctx *ctx);            // The id of the step being run or undone.
const char *ls_ctx_run_id(const ls_ctx *ctx);          // The run's id.
const char *ls_ctx_environment(const ls_ctx *ctx);     // The name of the environment.
uint32_t ls_ctx_attempt(const ls_ctx *ctx);            // Number of this attempt of the step, 1 for the first.
const char *ls_ctx_idempotency_key(const ls_ctx *ctx); // The key of the next call, the same in every replay.
ls_result ls_ctx_parameter(const ls_ctx *ctx, const char *id, const char **value);      // What was given, else the fallback.
ls_result ls_ctx_parameter_number(const ls_ctx *ctx, const char *id, int64_t *value);   // As a whole number.
const char *ls_ctx_maybe_parameter(const ls_ctx *ctx, const char *id);                  // NULL when it has no value.
ls_result ls_ctx_output(const ls_ctx *ctx, const char *step, const char **json);        // The output of a step that has succeeded.
ls_result ls_ctx_output_text(const ls_ctx *ctx, const char *step, const char *pointer, const char **text); // The text in it at a JSON pointer; "": all of it.
const char *ls_ctx_maybe_output(const ls_ctx *ctx, const char *step);                   // NULL when it has none.
ls_result ls_ctx_remember(const ls_ctx *ctx, const char *key, const char *json);        // Keeps a value for later attempts and for the undo of this step.
const char *ls_ctx_recall(const ls_ctx *ctx, const char *key);                          // What an attempt of this step kept: the latest, JSON, or NULL.

// JSON ------------------------------------------------------------------------------------------------------------------------------------------

const char *ls_json_text(const char *text);           // A text as JSON: quoted and escaped.
const char *ls_json_object(const char *key, ...);     // `ls_json_object("slot", "blue", "port", "1", NULL)`: an object of texts.
ls_result ls_json_at(const char *origin, const char *json, const char *pointer, const char **found); // The JSON at a pointer (RFC 6901).
ls_result ls_json_text_at(const char *origin, const char *json, const char *pointer, const char **text); // The text at a pointer.
ls_result ls_json_expect(const char *origin, const char *json, const char *pointer, const char *expected); // Fails unless that JSON is there.
ls_result ls_json_keys(const char *origin, const char *json, const char *pointer, ls_list *keys); // The keys of an object, sorted.

// Log -------------------------------------------------------------------------------------------------------------------------------------------

// What is printed is said too, each line when it is ended: standard output as `ls_info` does, standard error as `ls_warn`.
__attribute__((format(printf, 1, 2))) void ls_debug(const char *format, ...); // For the author.
__attribute__((format(printf, 1, 2))) void ls_info(const char *format, ...);  // For the operator.
__attribute__((format(printf, 1, 2))) void ls_warn(const char *format, ...);  // Something to look at; the run goes on.
__attribute__((format(printf, 1, 2))) void ls_error(const char *format, ...); // Something is wrong. Saying so fails nothing.
// The same with fields that a machine can read: `ls_info_with(LS_FIELDS("slot", slot), "started %d", pid)`.
__attribute__((format(printf, 2, 3))) void ls_debug_with(ls_fields fields, const char *format, ...);
__attribute__((format(printf, 2, 3))) void ls_info_with(ls_fields fields, const char *format, ...);
__attribute__((format(printf, 2, 3))) void ls_warn_with(ls_fields fields, const char *format, ...);
__attribute__((format(printf, 2, 3))) void ls_error_with(ls_fields fields, const char *format, ...);
void ls_progress(uint32_t done, uint32_t total, const char *message);         // How far a long piece of work is.

// Files and artifacts ---------------------------------------------------------------------------------------------------------------------------

typedef struct ls_probe ls_probe; // How the host finds out whether a call happened when its outcome was lost: see below.

// A kept artifact: bytes named once in a run.
typedef struct {
    int32_t handle;
    const char *id, *digest;
} ls_artifact;

ls_result ls_artifact_from_text(const char *id, const char *text, ls_artifact *artifact);  // Keeps text as an artifact of this run.
ls_result ls_artifact_from_bytes(const char *id, ls_bytes bytes, ls_artifact *artifact);   // Keeps bytes.
ls_result ls_artifact_by_id(const char *id, ls_artifact *artifact);                        // Fails when the run has none of that id.
bool ls_artifact_maybe_by_id(const char *id, ls_artifact *artifact);                       // Whether the run has one.
uint64_t ls_artifact_size(const ls_artifact *artifact);                                    // Its size in bytes.
ls_result ls_artifact_bytes(const ls_artifact *artifact, ls_bytes *bytes);                 // All of its bytes.
ls_result ls_artifact_read_at(const ls_artifact *artifact, uint64_t offset, uint32_t count, ls_bytes *bytes); // At most so many, at most 1 MiB; none after its end.
ls_result ls_artifact_text(const ls_artifact *artifact, const char **text);                // All of it as text. Fails when it has a NUL.
ls_result ls_artifact_expect_digest(const ls_artifact *artifact, const char *pinned);      // Fails unless it has that digest.

// An artifact being written in parts. Nothing of it exists until it is sealed, and then the draft is used up.
typedef struct {
    int32_t handle;
} ls_draft;

void ls_artifact_draft(const char *id, ls_draft *draft);         // Begins an artifact.
void ls_draft_append(ls_draft *draft, ls_bytes bytes);           // Adds bytes at the end. What is wrong with them is said by `ls_draft_seal`.
void ls_draft_append_text(ls_draft *draft, const char *text);    // Adds text at the end.
ls_result ls_draft_seal(ls_draft *draft, ls_artifact *artifact); // Stores the bytes and gives them their id. The last call of a draft.

// What is at a path: `file`, `directory`, `link` or `other`.
typedef struct {
    const char *kind;
    uint64_t size;
    const char *modified; // RFC 3339
    const char *target;   // Where a link points, or NULL.
} ls_entry;

ls_result ls_files_read(const char *path, ls_bytes *bytes);                        // The whole of a file.
ls_result ls_files_read_text(const char *path, const char **text);                 // The whole of a file as text. Fails when it has a NUL.
ls_result ls_files_write(const char *path, ls_bytes bytes);                        // Replaces or makes a file; never seen half-written.
ls_result ls_files_write_text(const char *path, const char *text);                 // As `ls_files_write`.
ls_result ls_files_append_text(const char *path, const char *text, const ls_probe *probe); // Adds at the end: at most once. `probe` may be NULL.
ls_result ls_files_look(const char *path, const ls_entry **entry);                 // What is there; NULL when nothing is.
ls_result ls_files_exists(const char *path, bool *there);                          // Whether anything is there.
ls_result ls_files_link_target(const char *path, const char **target);             // Where a link points; NULL when it is none.
ls_result ls_files_entries(const char *path, ls_list *names);                      // The names in a directory, sorted.
ls_result ls_files_make_directory(const char *path);                               // Makes a directory and those above it.
ls_result ls_files_remove(const char *path);                                       // Removes a file, a link, or a directory and all in it.
ls_result ls_files_link(const char *path, const char *target);                     // Points a link somewhere, in one step.
ls_result ls_files_digest(const char *path, const char **digest);                  // `sha256:` and 64 hexadecimal digits.
ls_result ls_files_expect_digest(const char *path, const char *pinned);            // Fails unless the file has that digest.
ls_result ls_files_disk_free(const char *path, uint64_t *bytes);                   // Bytes free.
ls_result ls_files_expect_disk_free(const char *path, uint64_t bytes);             // Fails unless that much is free.
ls_result ls_files_keep(const char *path, const char *id, ls_artifact *artifact);  // Copies a file into a new artifact.
ls_result ls_files_place(const char *path, const ls_artifact *artifact);           // Writes an artifact as a file.
ls_result ls_files_place_program(const char *path, const ls_artifact *artifact);   // As `ls_files_place`, executable.

// Requests --------------------------------------------------------------------------------------------------------------------------------------

typedef struct ls_request ls_request; // A request being built. Nothing happens before `ls_http_send`.
typedef struct ls_secret {
    const char *id;
    const char *marker; // Text that stands for the value; the host puts the value in at its destination.
} ls_secret;
typedef struct {
    const char *name, *value;
} ls_header;

// A response. A status of 400 or above is one as well: say what you expect.
typedef struct {
    const char *origin; // What was asked: method and URL.
    const char *url;    // Where it came from in the end, after redirects.
    uint16_t status;
    const ls_header *headers; // In the order received, names in lower case.
    size_t header_count;
    ls_bytes body;
    bool truncated; // Whether the body was longer than the grant's limit, and has been cut.
    struct {
        uint32_t dns, connect, tls, first_byte, total; // Microseconds.
    } timing;
    uint32_t tries; // How often it was asked until this was the answer: 0 without `ls_http_until`.
    const ls_artifact *kept; // See `ls_response_artifact`.
} ls_response;

// What became of one of several requests: a response, or why there is none.
typedef struct {
    ls_result result;
    const ls_response *response;
} ls_answer;

ls_request *ls_http_get(const char *url);     // Read: done again after a crash.
ls_request *ls_http_head(const char *url);    // Read.
ls_request *ls_http_options(const char *url); // Read.
ls_request *ls_http_put(const char *url);     // Idempotent.
ls_request *ls_http_delete(const char *url);  // Idempotent.
ls_request *ls_http_post(const char *url);    // At most once, unless `ls_http_idempotent`.
ls_request *ls_http_patch(const char *url);   // At most once, unless `ls_http_idempotent`.
void ls_http_header(ls_request *request, const char *name, const char *value);    // Adds a header. The value may hold a secret's marker.
void ls_http_bearer(ls_request *request, ls_secret token);                        // Shows a token: `authorization: Bearer …`.
void ls_http_query(ls_request *request, const char *name, const char *value);     // Adds `name=value` to the query, escaped.
void ls_http_json(ls_request *request, const char *json);                         // A body of JSON. Secrets inside are put in by the host.
void ls_http_form(ls_request *request, ls_fields fields);                         // A body as a web form sends it: `LS_FIELDS(…)`, escaped.
void ls_http_text(ls_request *request, const char *text);                         // A body of text.
void ls_http_bytes(ls_request *request, ls_bytes bytes);                          // A body of bytes.
void ls_http_artifact(ls_request *request, const ls_artifact *content);           // An artifact for the body, of any size and as it is.
void ls_http_into_artifact(ls_request *request, const char *id);                  // Makes the answer's body an artifact, when its status is 200 to 299.
void ls_http_timeout(ls_request *request, ls_duration longest);                   // Deadline of the whole exchange. Without it 30 seconds.
void ls_http_redirects(ls_request *request, uint32_t limit);                      // Follows at most that many. Without it none.
void ls_http_idempotent(ls_request *request);                                     // Repeating it does no harm.
void ls_http_capture(ls_request *request, const char *pointer, const char *id);   // Takes a part of the response into a secret.
void ls_http_part(ls_request *request, const char *name, const char *value);      // A field of a body of several parts, which the host puts together.
void ls_http_part_file(ls_request *request, const char *name, const char *filename, const char *content_type, ls_bytes bytes); // A file among them.
// Asks again, so often and so long, until the answer is the one that the next lines say; without any, one with a status below 400. The host does it, in one call;
// `ls_within` asks from here, call by call. Not for what must not be done twice.
void ls_http_until(ls_request *request, ls_duration every, ls_duration within);
void ls_http_until_status(ls_request *request, uint16_t status);                  // This status, or another one that is said so.
void ls_http_until_json(ls_request *request, const char *pointer, const char *value); // This text, or this number or flag as it is written, at a JSON pointer.
void ls_http_until_text(ls_request *request, const char *text);                   // A body with this text in it.
void ls_http_probe(ls_request *request, const ls_probe *probe);                   // How the host finds out whether it happened.
ls_probe *ls_http_as_probe(const ls_request *request);                            // This request as a probe of another call.
ls_result ls_http_send(const ls_request *request, const ls_response **response);  // Sends it and waits for the whole response.
// Sends requests, at most 100, reads side by side: an answer for each, in the order given. One that changes something is sent by itself, in its place.
ls_result ls_http_all(const ls_request *const *requests, size_t count, const ls_answer **answers);

const char *ls_response_header(const ls_response *response, const char *name);                        // The first of that name, in any case; or NULL.
const char *ls_response_text(const ls_response *response);                                            // The body as text, to its first NUL if it has one.
ls_result ls_response_artifact(const ls_response *response, ls_artifact *artifact);                   // What the body has become. Fails when it has become none.
ls_result ls_response_json_text(const ls_response *response, const char *pointer, const char **text); // The text at a JSON pointer of the body.
ls_result ls_expect_status(const ls_response *response, uint16_t expected);
ls_result ls_expect_success(const ls_response *response);                                        // 200 to 299
ls_result ls_expect_json(const ls_response *response, const char *pointer, const char *expected); // `expected` is JSON: see `ls_json_text`.
ls_result ls_expect_text(const ls_response *response, const char *expected);                     // The body contains it.
ls_result ls_expect_header(const ls_response *response, const char *name, const char *expected); // One of that name, in any case, has that value.
ls_result ls_expect_faster_than(const ls_response *response, ls_duration limit);

// Commands --------------------------------------------------------------------------------------------------------------------------------------

typedef struct ls_command ls_command; // A command being built. Nothing happens before `ls_shell_run`.

// How it ended. One that did not succeed has ended as well: say what you expect.
typedef struct {
    const char *line; // The command as a person would type it.
    int32_t code;     // 128 and the signal's number when a signal ended it.
    bool is_success;      // Whether the code is one that means success: 0, unless `ls_shell_success_code` or the grant say otherwise.
    bool success_is_said; // Whether the command says which codes mean success.
    ls_bytes out, err;
    bool truncated;       // Whether an output was longer than the limit and has been cut.
    ls_duration duration; // How long it took.
    const ls_artifact *kept; // See `ls_exit_stdout_artifact`.
} ls_exit;

// One program and its arguments, never a line for a shell to take apart: `ls_shell_command("/usr/bin/git", LS_LIST("status", "--porcelain"))`.
ls_command *ls_shell_command(const char *program, ls_list args);
void ls_shell_arg(ls_command *command, const char *arg);                         // Adds an argument.
void ls_shell_env(ls_command *command, const char *name, const char *value);     // Sets a variable the grant allows. May hold a secret's marker.
void ls_shell_env_file(ls_command *command, const char *name, const char *content); // Sets it to the path of a file that has this, while it runs.
void ls_shell_directory(ls_command *command, const char *path);                  // The working directory.
void ls_shell_stdin(ls_command *command, ls_bytes input);                        // Standard input. May hold secrets' markers.
void ls_shell_stdin_artifact(ls_command *command, const ls_artifact *input);     // Standard input, of any size and as it is. In the place of the above.
void ls_shell_stdout_artifact(ls_command *command, const char *id);              // Makes standard output an artifact, once it has succeeded.
void ls_shell_timeout(ls_command *command, ls_duration longest);                 // Then the whole process group is killed.
void ls_shell_idempotent(ls_command *command);                                   // Repeating it does no harm.
void ls_shell_success_code(ls_command *command, uint8_t code);                   // A code that means success, in the place of the grant's or 0. At most 16.
void ls_shell_probe(ls_command *command, const ls_probe *probe);                 // How the host finds out whether it happened.
ls_probe *ls_shell_as_probe(const ls_command *command);                          // This command as a probe of another call.
ls_result ls_shell_run(const ls_command *command, const ls_exit **exit);         // Runs it to its end.

const char *ls_exit_text(const ls_exit *exit); // Standard output as text, to its first NUL if it has one, without white space at its end.
ls_list ls_exit_lines(const ls_exit *exit);    // The lines of that text.
ls_result ls_exit_json_text(const ls_exit *exit, const char *pointer, const char **text); // The text at a JSON pointer of standard output.
ls_result ls_exit_stdout_artifact(const ls_exit *exit, ls_artifact *artifact); // What standard output has become. Fails when it has become none.
ls_result ls_expect_exit_success(const ls_exit *exit); // The code is one that means success: 0, unless command or grant say otherwise.
ls_result ls_expect_code(const ls_exit *exit, int32_t expected);
ls_result ls_expect_no_output(const ls_exit *exit);
ls_result ls_expect_output(const ls_exit *exit, const char *expected); // Standard output contains it.
ls_result ls_expect_output_json(const ls_exit *exit, const char *pointer, const char *expected); // As `ls_expect_json`, of standard output.

// Databases -------------------------------------------------------------------------------------------------------------------------------------

// A database of the grant.
typedef struct {
    int32_t handle;
    const char *id;
} ls_database;

typedef struct ls_statement ls_statement;     // A statement being built. Nothing happens before it is handed to a database.
typedef struct ls_transaction ls_transaction; // Statements that are committed together.
typedef struct ls_backup_order ls_backup_order; // A backup being ordered. Nothing happens before it is handed to a database.
typedef struct ls_migrations ls_migrations;     // The migrations of a folder, in their order. Nothing happens before `ls_migrations_up` or `_down_to`.

// A column: its label, the form of its values, and the server's own name for its type.
typedef struct {
    const char *label, *kind, *declared;
} ls_column;

// Rows that came back, all in memory.
typedef struct {
    const ls_column *columns; // In the order of the statement.
    size_t column_count;
    size_t count;                 // How many rows there are.
    bool truncated;               // Whether rows were left out by `ls_statement_limit_rows`.
    const struct ls_cell_ *cells; // See `ls_rows_text` and the like.
} ls_rows;

// What statements that change something came to.
typedef struct {
    size_t count;             // How many statements there were.
    uint64_t rows;            // How many rows the first one concerned.
    const uint64_t *all_rows; // How many rows each concerned.
    const ls_rows *returned;  // What `RETURNING` gave, of each.
} ls_db_done;

// A table of a backup: its name, with the schema where the engine has more than one, how many rows it has, and their checksum, in whichever order.
typedef struct {
    const char *name;
    uint64_t rows;
    const char *checksum;
} ls_backup_table;

// A backup that was made in this run.
typedef struct {
    int32_t handle;
    ls_artifact artifact;       // Its bytes.
    const char *database;       // The name of the database in the grant.
    const char *engine;         // `postgresql`, `mariadb`, `mysql` or `sqlite`.
    const char *format;         // `postgresql-archive`, `mariadb-sql`, `mysql-sql` or `sqlite-file`.
    const char *server_version; // As the server said it.
    const ls_backup_table *tables; // Every table in it, by name.
    size_t table_count;
    uint64_t rows; // How many rows its tables have in all.
} ls_backup;

// A migration that a database has seen. `checksum` is that of its script that goes up, `state` is `applied`, `taken-back`, `unfinished` or `unfinished-back`.
typedef struct {
    const char *version, *title, *checksum, *state;
} ls_applied;

// The migrations that a database has seen, in the order in which they were applied; what was taken back as well.
typedef struct {
    const ls_applied *items;
    size_t count;
} ls_history;

// How a folder and a database stand to each other: versions that are applied, that are not, that were applied with another script than the folder has now,
// that are applied and not in the folder, and of which only a part is done.
typedef struct {
    ls_list applied, pending, changed, missing, unfinished;
} ls_migration_status;

ls_result ls_db_open(const char *id, ls_database *database);           // The database that the grant has under this name. Nothing is connected yet.
ls_statement *ls_db_sql(const char *text);                             // Begins a statement, with placeholders `$1`, `$2`, … with every engine.
ls_transaction *ls_db_transaction(void);                               // Begins a transaction.
const char *ls_database_engine(const ls_database *database);           // `postgresql`, `mariadb`, `mysql` or `sqlite`, which a server is held to.
ls_result ls_database_expect_engine(const ls_database *database, const char *engine); // What follows was written for it.
ls_result ls_database_ping(const ls_database *database);               // Connects, if need be, and gets an answer.
ls_result ls_database_query(const ls_database *database, const ls_statement *statement, const ls_rows **rows); // What only reads.
// One statement in a transaction of its own; or all statements of one, or nothing of them. `done` may be NULL.
ls_result ls_database_execute(const ls_database *database, const ls_statement *statement, const ls_db_done **done);
ls_result ls_database_commit(const ls_database *database, const ls_transaction *transaction, const ls_db_done **done);

ls_backup_order *ls_db_backup(const char *id); // Begins the order of a backup, whose artifact gets this id.
// Copies the whole database into an artifact, as it is at one moment. Ordered once more under the same id, it is the backup that was made first.
ls_result ls_database_backup(const ls_database *database, const ls_backup_order *order, ls_backup *backup);
ls_result ls_database_backup_named(const ls_database *database, const char *id, ls_backup *backup);           // The one that an earlier step has made.
ls_result ls_database_backup_in(const ls_database *database, const ls_artifact *artifact, ls_backup *backup); // What an artifact is a backup of.
// Restores a backup into a scratch database that the host makes and drops, and compares rows and checksum of every table. Touches nothing else.
ls_result ls_database_verify_backup(const ls_database *database, const ls_backup *backup);
ls_result ls_database_restore(const ls_database *database, const ls_backup *backup);      // Into this database, which has to be empty.
ls_result ls_database_restore_over(const ls_database *database, const ls_backup *backup); // In the place of everything that is in this database.
void ls_backup_order_at_least_bytes(ls_backup_order *order, uint64_t bytes);                    // With less it is no backup: `db.backup-too-small`.
void ls_backup_order_at_least_rows(ls_backup_order *order, const char *table, uint64_t rows);   // With fewer in this table it is none: `public.orders`.
void ls_backup_order_timeout(ls_backup_order *order, ls_duration longest);                      // Without it the step's deadline.
ls_result ls_backup_expect_rows(const ls_backup *backup, const char *table, uint64_t at_least); // Fails unless this table is in it with so many.

// Reads the migrations in a folder. A file `VERSION_title.up.sql` goes up, `VERSION_title.down.sql` goes back; a version is digits, in the order of their number.
// Other files ending in `.sql` fail, so that a slip of a name leaves nothing out.
ls_result ls_db_migrations(const char *folder, ls_migrations **migrations);
void ls_migrations_timeout(ls_migrations *migrations, ls_duration longest);            // Of each. Then the server is told to stop. Without it the step's deadline.
void ls_migrations_without_backup(ls_migrations *migrations, const char *reason);      // Why no backup need have been verified in this run. In the journal.
ls_list ls_migrations_versions(const ls_migrations *migrations);                       // The versions, in their order.
ls_result ls_migrations_status(const ls_migrations *migrations, const ls_database *database, ls_migration_status *status); // How the two stand.
// Applies every migration that is not, in order, and says which. One that was left unfinished is gone on with first. Fails before anything is done when a script
// was changed after it had been applied or the folder lacks one that is applied. `applied` may be NULL.
ls_result ls_migrations_up(const ls_migrations *migrations, const ls_database *database, ls_list *applied);
// Takes back what was applied since `recorded`, last in first out, and says which. Nothing is taken back that was applied before, and nothing at all when the
// folder lacks a file that goes back, or somebody else has taken back what was recorded. `back` may be NULL.
ls_result ls_migrations_down_to(const ls_migrations *migrations, const ls_database *database, const ls_history *recorded, ls_list *back);
ls_result ls_database_history(const ls_database *database, ls_history *history);       // What a step gives before it migrates, to go back there.
ls_list ls_history_versions(const ls_history *history);                                // Those that are applied, in the order in which they were.
const char *ls_history_json(const ls_history *history);                                // As JSON, for another step.
ls_result ls_history_parse(const char *json, ls_history *history);                     // From such JSON.

// The value of the next placeholder, as what it is.
void ls_statement_bind_null(ls_statement *statement);
void ls_statement_bind_boolean(ls_statement *statement, bool value);
void ls_statement_bind_integer(ls_statement *statement, int64_t value);
void ls_statement_bind_digits(ls_statement *statement, const char *value);    // A whole number of any size, written out.
void ls_statement_bind_float(ls_statement *statement, double value);
void ls_statement_bind_decimal(ls_statement *statement, const char *value);   // An exact number, written out: `12.50`.
void ls_statement_bind_text(ls_statement *statement, const char *value);      // NULL is NULL.
void ls_statement_bind_text_of(ls_statement *statement, ls_bytes value);      // Text with its length: it may have NULs in it.
void ls_statement_bind_bytes(ls_statement *statement, ls_bytes value);
void ls_statement_bind_timestamp(ls_statement *statement, const char *value); // An instant of RFC 3339.
void ls_statement_bind_json(ls_statement *statement, const char *value);      // JSON text.
void ls_statement_timeout(ls_statement *statement, ls_duration longest);      // Then the server is told to stop. Without it the step's deadline.
void ls_statement_limit_rows(ls_statement *statement, uint32_t rows);         // Has the first rows, at most so many.
void ls_statement_idempotent(ls_statement *statement);                        // Repeating it does no harm.

void ls_transaction_add(ls_transaction *transaction, const ls_statement *statement); // Adds a statement.
void ls_transaction_expect_rows(ls_transaction *transaction, uint32_t rows);         // Of the one added last: with any other number nothing is kept.
void ls_transaction_timeout(ls_transaction *transaction, ls_duration longest);       // Then the server is told to stop. Without it the step's deadline.
void ls_transaction_idempotent(ls_transaction *transaction);                         // Repeating it does no harm.

// A value by its row, counted from 0, and its column's label. Fails when there is none such. The text is NULL for NULL, and so are the bytes' `data`.
ls_result ls_rows_text(const ls_rows *rows, size_t row, const char *label, const char **text);     // Fails when it has a NUL.
ls_result ls_rows_bytes(const ls_rows *rows, size_t row, const char *label, ls_bytes *bytes);      // Of kind `bytes` what they are, of others the text, with its length.
ls_result ls_rows_integer(const ls_rows *rows, size_t row, const char *label, int64_t *number);    // Fails when it is NULL or does not fit.
ls_result ls_rows_value(const ls_rows *rows, const char **text);                                   // The first value of the only row, not NULL.
ls_result ls_done_expect_rows(const ls_db_done *done, uint64_t rows); // Of the first statement. It is committed all the same: see `ls_transaction_expect_rows`.

// Migration tools that are programs: Alembic, Prisma, sqlx and Flyway. Each is a command that the grant allows; what it prints is taken apart, and a way back always
// names where it leads. Where the migrations are plain SQL, `ls_db_migrations` needs no tool, and the host judges every statement.
typedef struct ls_tool ls_tool;

// Where a database stands, as its tool says: what is applied, the last at the end (Alembic says its heads only, and Prisma nothing), and what is not.
typedef struct {
    ls_list applied, pending;
} ls_migrated;

ls_tool *ls_migrate_alembic(const char *program); // The grant's profile is `alembic`.
ls_tool *ls_migrate_prisma(const char *program);  // The grant's profile is `prisma`. It has no way back: `ls_tool_down_to` fails.
ls_tool *ls_migrate_sqlx(const char *program);    // The command line of sqlx.
ls_tool *ls_migrate_flyway(const char *program);  // Its way back, `undo`, is not in every edition.
void ls_tool_first(ls_tool *tool, ls_list args);  // What stands before its own arguments: `prisma` for `npx`, `-c` and a file for Alembic.
void ls_tool_directory(ls_tool *tool, const char *path);                // The working directory, absolute, one the grant allows.
void ls_tool_env(ls_tool *tool, const char *name, const char *value);   // Sets a variable the grant allows: `DATABASE_URL` with a secret's marker.
void ls_tool_timeout(ls_tool *tool, ls_duration longest);               // Of each of its runs. Without it the step's deadline.
ls_result ls_tool_status(const ls_tool *tool, ls_migrated *status);     // Where the database stands: what a step gives before it migrates.
// Applies what is pending, and says where the database stands then. `reason`: the backup that there is, or why none is needed; the journal keeps it. The host knows
// nothing of what a program does to a database, so that it cannot ask for one.
ls_result ls_tool_up(const ls_tool *tool, const char *reason, ls_migrated *status);
ls_result ls_tool_down_to(const ls_tool *tool, const ls_migrated *recorded);          // Takes back what was applied since. Fails when it does not stand there then.
ls_result ls_migrated_expect_nothing_pending(const ls_migrated *status);              // Fails when something is pending.
const char *ls_migrated_json(const ls_migrated *status);                              // As JSON, for another step.
ls_result ls_migrated_parse(const char *json, ls_migrated *status);                   // From such JSON.

// Redis -----------------------------------------------------------------------------------------------------------------------------------------

// A store of the grant. Each call connects anew.
typedef struct {
    int32_t handle;
    const char *id;
} ls_store;

// What a command gave: a value, or a list of replies.
typedef struct {
    int32_t handle;
    const char *line; // What was asked, for messages.
} ls_reply;

// What a scan found.
typedef struct {
    const ls_bytes *keys; // Each once, in order.
    size_t count;
    uint32_t total, slowest; // How long all of it took, and the slowest round trip: microseconds.
} ls_scanned;

ls_result ls_redis_open(const char *id, ls_store *store);                                             // The store that the grant has under that id.
void ls_store_timeout(const ls_store *store, ls_duration longest);                                    // Of each call that follows. Without it the step's.
ls_result ls_store_run(const ls_store *store, ls_list words, ls_reply *reply);                        // One command: `LS_LIST("GET", "app:1")`.
ls_result ls_store_run_bytes(const ls_store *store, const ls_bytes *words, size_t count, ls_reply *reply); // As `ls_store_run`, with words of bytes.
ls_result ls_store_ping(const ls_store *store, uint32_t *microseconds);                               // How soon it answers.
ls_result ls_store_info(const ls_store *store, const char *section, const char **text);               // One section, or what it says by itself with "".
ls_result ls_store_scan(const ls_store *store, ls_bytes prefix, uint32_t most, ls_scanned *scanned);  // The keys that begin with it. Holds nobody up.
ls_result ls_store_delete_by_prefix(const ls_store *store, ls_bytes prefix, uint32_t most, uint32_t *deleted); // Counts first; none when there are more.

const char *ls_reply_kind(const ls_reply *reply);                               // `nil`, `integer`, `text`, `number`, `boolean`, `list`, `map` or `error`.
bool ls_reply_is_nil(const ls_reply *reply);                                    // Whether there was nothing.
ls_result ls_reply_text(const ls_reply *reply, const char **text);              // A text, or another value as it is written. Fails when it has a NUL.
ls_result ls_reply_bytes(const ls_reply *reply, ls_bytes *bytes);               // As `ls_reply_text`, with its length.
ls_result ls_reply_integer(const ls_reply *reply, int64_t *number);             // From an integer or from a text that is one.
uint32_t ls_reply_count(const ls_reply *reply);                                 // How many parts a list has; a map has two for each entry.
ls_result ls_reply_part(const ls_reply *reply, uint32_t index, ls_reply *part); // One part, counted from 0; of a map key and value in turn.
const char *ls_reply_json(const ls_reply *reply);                               // All of it as JSON.
ls_result ls_reply_expect(const ls_reply *reply, const char *expected);         // `expected` is JSON: see `ls_json_text`.
void ls_reply_drop(ls_reply *reply);                                            // Gives it back before the step ends: for who looks at thousands of parts.

// Kubernetes ------------------------------------------------------------------------------------------------------------------------------------

typedef struct ls_target ls_target;       // An object that is named, whether or not it is there. Nothing happens before one of its calls.
typedef struct ls_selection ls_selection; // Objects of one kind that are sought. Nothing happens before `ls_selection_entries`.

// How an object stood.
typedef struct {
    int32_t handle;
} ls_revision;

// What a change has made.
typedef struct {
    const char *object; // JSON, after it.
    ls_list unpinned;   // Images that are not pinned by a digest: what they are may change.
} ls_change;

// How far a rollout is: the replicas that are wanted, of the new template, ready, and ready for as long as they must be.
typedef struct {
    uint32_t wanted, updated, ready, available;
} ls_rollout;

// Something that happened to an object: when it was last seen, `Normal` or `Warning`, `FailedScheduling` and the like, for a person, and how often.
typedef struct {
    const char *at, *kind, *reason, *message;
    uint64_t count;
} ls_event;

ls_target *ls_kube_deployment(const char *ns, const char *id);                                         // A Deployment.
ls_target *ls_kube_stateful_set(const char *ns, const char *id);                                       // A StatefulSet.
ls_target *ls_kube_daemon_set(const char *ns, const char *id);                                         // A DaemonSet.
ls_target *ls_kube_pod(const char *ns, const char *id);                                                // A pod.
ls_target *ls_kube_object(const char *api_version, const char *kind, const char *ns, const char *id);  // Any; `ns` is "" for what belongs to none.
ls_selection *ls_kube_pods(const char *ns);                                                            // Pods of a namespace.
ls_selection *ls_kube_select(const char *api_version, const char *kind, const char *ns);               // Any; `ns` is "" for what belongs to none, or all.

void ls_target_timeout(ls_target *target, ls_duration longest); // Of each call; without it half a minute, and for a wait the step's.
void ls_target_dry_run(ls_target *target);                      // Changes are only tried: the server checks them and keeps nothing.
void ls_target_force(ls_target *target);                        // `ls_target_apply` takes over fields that others manage.
ls_result ls_target_read(const ls_target *target, const char **json);                          // NULL when it is not there. Without values of a `Secret`.
ls_result ls_target_field(const ls_target *target, const char *pointer, const char **json);    // What is at a JSON pointer of it. It must be there.
ls_result ls_target_revision(const ls_target *target, ls_revision *revision);                  // How it stands now.
// Changes. How it stands is recorded before, for `ls_target_put_back`. `change` may be NULL.
ls_result ls_target_apply(const ls_target *target, const char *json, ls_change *change);       // The fields that this procedure manages and no others.
ls_result ls_target_patch(const ls_target *target, const char *json, ls_change *change);       // RFC 7386: lists are replaced, `null` removes.
ls_result ls_target_scale(const ls_target *target, uint32_t replicas, ls_change *change);      // No share of traffic. To 0 is destructive.
ls_result ls_target_set_image(const ls_target *target, const char *container, const char *image, ls_change *change); // Best with its digest.
ls_result ls_target_restart(const ls_target *target, ls_change *change);                       // Replaces all of its pods.
ls_result ls_target_delete(const ls_target *target);                                           // Not there is well. Destructive.
ls_result ls_target_rollout_undo(const ls_target *target, const ls_revision *recorded, ls_change *change); // Most undos want the next one.
// For an undo: puts back what the first change of this step has found. The pod template of a workload, and the number of replicas when this step has scaled it;
// of other objects all fields; what was not there is deleted. Does nothing when this step has changed nothing.
ls_result ls_target_put_back(const ls_target *target);
ls_result ls_target_rollout_status(const ls_target *target, ls_rollout *rollout);              // Waits until it is complete.
ls_result ls_target_wait_for_condition(const ls_target *target, const char *condition, const char *status, const char **json); // "Available", "True".
ls_result ls_target_wait_for_json(const ls_target *target, const char *pointer, const char *value, const char **json); // A text, or as it is written.
ls_result ls_target_wait_for_deleted(const ls_target *target);                                 // Waits until it is gone.
// The last lines that it, or its pods, have logged; each begins with pod and container. `container` is "" for all, `since` 0 for ever.
ls_result ls_target_logs(const ls_target *target, const char *container, uint32_t lines, ls_duration since, const char **text);
ls_result ls_target_events(const ls_target *target, const ls_event **events, size_t *count);   // What happened to it lately, the latest last.

const char *ls_revision_text(const ls_revision *revision);                          // As text, for another step.
ls_result ls_revision_parse(const char *text, ls_revision *revision);               // From such text.
const char *ls_revision_object(const ls_revision *revision);                        // JSON, without what the server alone says; NULL when it was not there.
bool ls_revision_replicas(const ls_revision *revision, uint32_t *replicas);         // Whether, and how many were wanted.
const char *ls_revision_image(const ls_revision *revision, const char *container);  // With the digest that ran where pods tell it; NULL when there is none.
ls_result ls_change_expect_pinned(const ls_change *change);                         // Fails when an image is not pinned by a digest.

void ls_selection_labels(ls_selection *selection, const char *selector);            // Only those with these labels: `app=api,tier!=test`.
void ls_selection_fields(ls_selection *selection, const char *selector);            // Only those with these fields: `status.phase=Running`.
void ls_selection_limit(ls_selection *selection, uint32_t count);                   // How many there may be: more is a failure. Without it 500.
ls_result ls_selection_entries(const ls_selection *selection, ls_list *entries);    // The objects as JSON each, by namespace and name.

// Probes ----------------------------------------------------------------------------------------------------------------------------------------

// A read, and what its answer says about the call that it is attached to. The grant must allow it as a read.
ls_probe *ls_probe_http(const char *url);                              // A `GET`: 200 to 299 says that it happened, unless more is said.
ls_probe *ls_probe_command(const char *program, ls_list args);         // Exit code 0 says that it happened, unless more is said.
ls_probe *ls_probe_file(const char *path, const char *digest);         // It happened when the file has the digest, it did not when nothing is there.
void ls_probe_happened(ls_probe *probe, int32_t code);                 // A status or an exit code with which it may have happened.
void ls_probe_did_not(ls_probe *probe, int32_t code);                  // A status or an exit code that says that it did not.
void ls_probe_json(ls_probe *probe, const char *pointer, const char *value); // What the answer must have as well: at this pointer this value.
void ls_probe_text(ls_probe *probe, const char *text);                 // What the answer must contain as well.
void ls_probe_otherwise_did_not(ls_probe *probe);                      // The right code without the rest says that it did not happen.

// Time, randomness, secrets ---------------------------------------------------------------------------------------------------------------------

const char *ls_clock_now(void);                          // The instant, RFC 3339; a replay sees the same.
ls_result ls_clock_pause(ls_duration duration);          // Waits inside the step, for polling.
ls_result ls_clock_sleep(ls_duration duration);          // Waits for minutes or weeks: the run holds no memory meanwhile.
ls_result ls_clock_sleep_until(const char *instant);     // As `ls_clock_sleep`, until an instant.
ls_result ls_clock_plus(const char *instant, ls_duration duration, const char **later);  // The instant that much later, in UTC.
ls_result ls_clock_since(const char *instant, const char *earlier, ls_duration *passed); // The time between; none when `earlier` is not.
ls_bytes ls_random_bytes(uint32_t count);                // Randomness that a replay draws again. Not for keys.
const char *ls_random_uuid(void);                        // A version 4 UUID.
ls_result ls_secret_by_id(const char *id, ls_secret *secret); // The secret that the grant declares, or that a response was captured into.

// A look at the world for the two below.
typedef ls_result ls_check(void *about);

// Looks until the check holds, for at most that long. A failure that is not retryable ends the wait at once.
ls_result ls_within(ls_duration deadline, ls_duration every, ls_check *check, void *about);
// Looks until the span is over that the check goes on holding. The first failure is the watch's.
ls_result ls_during(ls_duration span, ls_duration every, ls_check *check, void *about);
