// Requests to the addresses that the grant allows.
#include "abi.h"
#include "artifact.h"
#include "json.h"
#include "probe.h"
#include "spoken.h"

#include <strings.h>

// A part of a body: a field, or a file when it has a filename.
typedef struct {
    const char *name, *filename, *content_type;
    ls_bytes content;
} part;

// What an answer that is waited for has.
typedef struct {
    uint16_t status; // When there is no text.
    const char *pointer, *text;
} until;

struct ls_request {
    const char *method, *url;
    ls_header *headers;
    size_t header_count;
    enum { NOTHING, BYTES, TEXT, ARTIFACT } kind;
    ls_bytes body;
    const ls_artifact *content;
    const char *into;
    ls_duration timeout;
    bool follows, idempotent;
    uint32_t redirects;
    ls_header *captures; // Pointer and id.
    size_t capture_count;
    part *parts;
    size_t part_count;
    bool polled;
    ls_duration every, within;
    until *until;
    size_t until_count;
    const ls_probe *probe;
};

static ls_request *request(const char *method, const char *url) {
    ls_request *request = ls_alloc(sizeof *request);
    request->method = method;
    request->url = url;
    return request;
}

ls_request *ls_http_get(const char *url) { return request("GET", url); }
ls_request *ls_http_head(const char *url) { return request("HEAD", url); }
ls_request *ls_http_options(const char *url) { return request("OPTIONS", url); }
ls_request *ls_http_put(const char *url) { return request("PUT", url); }
ls_request *ls_http_delete(const char *url) { return request("DELETE", url); }
ls_request *ls_http_post(const char *url) { return request("POST", url); }
ls_request *ls_http_patch(const char *url) { return request("PATCH", url); }

void ls_http_header(ls_request *request, const char *name, const char *value) {
    request->headers = abi_grown(request->headers, request->header_count, sizeof *request->headers);
    request->headers[request->header_count++] = (ls_header){name, value};
}

void ls_http_bearer(ls_request *request, ls_secret token) { ls_http_header(request, "authorization", ls_format("Bearer %s", token.marker)); }

// Percent-escapes all but the characters that RFC 3986 calls unreserved.
static const char *escaped(const char *text) {
    static const char digits[] = "0123456789ABCDEF";
    char *made = ls_alloc(3 * strlen(text) + 1), *to = made;
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || strchr("-._~", byte);
        if (plain) {
            *to++ = (char)byte;
            continue;
        }
        *to++ = '%';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    return made;
}

void ls_http_query(ls_request *request, const char *name, const char *value) {
    const char *url = request->url, *fragment = strchr(url, '#');
    size_t size = fragment ? (size_t)(fragment - url) : strlen(url);
    const char *question = memchr(url, '?', size);
    const char *separator = !question ? "?" : question + 1 == url + size ? "" : "&";
    request->url = ls_format("%.*s%s%s=%s%s", (int)size, url, separator, escaped(name), escaped(value), fragment ? fragment : "");
}

static void body(ls_request *request, int kind, ls_bytes bytes) {
    request->kind = kind;
    request->body = bytes;
}

void ls_http_json(ls_request *request, const char *json) {
    body(request, TEXT, ls_bytes_of(json));
    ls_http_header(request, "content-type", "application/json");
}

void ls_http_form(ls_request *request, ls_fields fields) {
    const char *form = "";
    for (size_t at = 0; at < fields.count; at++) {
        const char *const *field = fields.items + 2 * at;
        form = ls_format("%s%s%s=%s", form, at ? "&" : "", escaped(field[0]), escaped(field[1]));
    }
    body(request, TEXT, ls_bytes_of(form));
    ls_http_header(request, "content-type", "application/x-www-form-urlencoded");
}

void ls_http_text(ls_request *request, const char *text) { body(request, TEXT, ls_bytes_of(text)); }
void ls_http_bytes(ls_request *request, ls_bytes bytes) { body(request, BYTES, bytes); }
void ls_http_into_artifact(ls_request *request, const char *id) { request->into = id; }

void ls_http_artifact(ls_request *request, const ls_artifact *content) {
    request->kind = ARTIFACT;
    request->content = content;
}

void ls_http_timeout(ls_request *request, ls_duration longest) { request->timeout = longest; }
void ls_http_idempotent(ls_request *request) { request->idempotent = true; }
void ls_http_probe(ls_request *request, const ls_probe *probe) { request->probe = probe; }

void ls_http_redirects(ls_request *request, uint32_t limit) {
    request->follows = true;
    request->redirects = limit;
}

void ls_http_capture(ls_request *request, const char *pointer, const char *id) {
    request->captures = abi_grown(request->captures, request->capture_count, sizeof *request->captures);
    request->captures[request->capture_count++] = (ls_header){pointer, id};
}

static void add_part(ls_request *request, part added) {
    request->parts = abi_grown(request->parts, request->part_count, sizeof *request->parts);
    request->parts[request->part_count++] = added;
}

void ls_http_part(ls_request *request, const char *name, const char *value) { add_part(request, (part){name, NULL, NULL, ls_bytes_of(value)}); }

void ls_http_part_file(ls_request *request, const char *name, const char *filename, const char *content_type, ls_bytes bytes) {
    add_part(request, (part){name, filename, content_type, bytes});
}

void ls_http_until(ls_request *request, ls_duration every, ls_duration within) {
    request->polled = true;
    request->every = every;
    request->within = within;
}

static void wait_for(ls_request *request, until wanted) {
    request->until = abi_grown(request->until, request->until_count, sizeof *request->until);
    request->until[request->until_count++] = wanted;
}

void ls_http_until_status(ls_request *request, uint16_t status) { wait_for(request, (until){.status = status}); }
void ls_http_until_json(ls_request *request, const char *pointer, const char *value) { wait_for(request, (until){0, pointer, value}); }
void ls_http_until_text(ls_request *request, const char *text) { wait_for(request, (until){.text = text}); }

static void say_parts(const ls_request *request, int32_t made) {
    for (size_t at = 0; at < request->part_count; at++) {
        const part *said = &request->parts[at];
        const uint8_t *data = said->content.data;
        size_t size = said->content.size;
        if (said->filename) {
            contract_http_request_part_file(made, ABI_TEXT(said->name), ABI_TEXT(said->filename), ABI_TEXT(said->content_type), data, size);
        } else {
            contract_http_request_part(made, ABI_TEXT(said->name), data, size);
        }
    }
}

static void say_until(const ls_request *request, int32_t made) {
    if (request->polled) contract_http_request_poll(made, abi_millis(request->every), abi_millis(request->within));
    for (size_t at = 0; at < request->until_count; at++) {
        const until *said = &request->until[at];
        if (said->pointer) {
            contract_http_request_until_json(made, ABI_TEXT(said->pointer), ABI_TEXT(said->text));
        } else if (said->text) {
            contract_http_request_until_text(made, ABI_TEXT(said->text));
        } else {
            contract_http_request_until_status(made, said->status);
        }
    }
}

// In the host's words, but for the probe: what is asked as a probe has none.
static int32_t ready(const ls_request *request) {
    int32_t made = contract_http_request(ABI_TEXT(request->method), ABI_TEXT(request->url));
    for (size_t at = 0; at < request->header_count; at++) {
        contract_http_request_header(made, ABI_TEXT(request->headers[at].name), ABI_TEXT(request->headers[at].value));
    }
    if (request->kind == BYTES) contract_http_request_body(made, request->body.data, request->body.size);
    if (request->kind == TEXT) contract_http_request_body_text(made, request->body.data, request->body.size);
    if (request->kind == ARTIFACT) contract_http_request_body_artifact(made, request->content->handle);
    if (request->into) contract_http_request_into_artifact(made, ABI_TEXT(request->into));
    if (request->timeout) contract_http_request_timeout(made, abi_millis(request->timeout));
    if (request->follows) contract_http_request_redirects(made, (int32_t)request->redirects);
    if (request->idempotent) contract_http_request_idempotent(made);
    for (size_t at = 0; at < request->capture_count; at++) {
        contract_http_request_capture(made, ABI_TEXT(request->captures[at].name), ABI_TEXT(request->captures[at].value));
    }
    say_parts(request, made);
    say_until(request, made);
    return made;
}

static int32_t asked(const void *about) {
    int32_t made = ready(about);
    int32_t probe = contract_http_request_as_probe(made);
    contract_http_request_drop(made);
    return probe;
}

ls_probe *ls_http_as_probe(const ls_request *request) { return probe_of(asked, request); }
ls_probe *ls_probe_http(const char *url) { return ls_http_as_probe(ls_http_get(url)); }

static const ls_response *received(const char *method, int32_t handle) {
    ls_response *response = ls_alloc(sizeof *response);
    abi_text url, body;
    struct {
        const abi_pair *items;
        size_t count;
    } pairs;
    contract_http_response_url(handle, &url);
    contract_http_response_headers(handle, &pairs);
    contract_http_response_body(handle, &body);
    contract_http_response_timing(handle, &response->timing);
    response->status = (uint16_t)contract_http_response_status(handle);
    response->truncated = contract_http_response_truncated(handle);
    response->tries = (uint32_t)contract_http_response_tries(handle);
    abi_option kept;
    contract_http_response_body_artifact(handle, &kept);
    if (kept.some) response->kept = artifact_kept(kept.as.handle);
    contract_http_response_drop(handle);
    ls_header *headers = ls_alloc((pairs.count + 1) * sizeof *headers);
    for (size_t at = 0; at < pairs.count; at++) headers[at] = (ls_header){pairs.items[at].key.data, pairs.items[at].value.data};
    response->url = url.data;
    response->origin = ls_format("%s %s", method, url.data);
    response->headers = headers;
    response->header_count = pairs.count;
    response->body = (ls_bytes){(const uint8_t *)body.data, body.size};
    return response;
}

// In the host's words, with its probe.
static int32_t whole(const ls_request *request) {
    int32_t made = ready(request);
    if (request->probe) {
        int32_t probe = probe_ready(request->probe);
        contract_http_request_probe(made, probe);
        contract_types_probe_drop(probe);
    }
    return made;
}

ls_result ls_http_send(const ls_request *request, const ls_response **response) {
    int32_t made = whole(request);
    abi_result sent;
    contract_http_request_send(made, &sent);
    contract_http_request_drop(made);
    LS_TRY(abi_given(&sent));
    *response = received(request->method, sent.as.handle);
    return ls_done();
}

ls_result ls_http_all(const ls_request *const *requests, size_t count, const ls_answer **answers) {
    int32_t batch = contract_http_batch();
    for (size_t at = 0; at < count; at++) {
        int32_t made = whole(requests[at]);
        contract_http_batch_add(batch, made);
        contract_http_request_drop(made);
    }
    abi_result sent;
    contract_http_batch_send(batch, &sent);
    ls_answer *became = ls_alloc(count * sizeof *became);
    for (size_t at = 0; at < count && !sent.is_err; at++) {
        abi_result answer;
        contract_http_batch_response(batch, (int32_t)at, &answer);
        became[at].result = abi_given(&answer);
        if (!answer.is_err) became[at].response = received(requests[at]->method, answer.as.handle);
    }
    contract_http_batch_drop(batch);
    *answers = became;
    return abi_given(&sent);
}

const char *ls_response_header(const ls_response *response, const char *name) {
    for (size_t at = 0; at < response->header_count; at++) {
        if (!strcasecmp(response->headers[at].name, name)) return response->headers[at].value;
    }
    return NULL;
}

const char *ls_response_text(const ls_response *response) { return (const char *)response->body.data; }

ls_result ls_response_artifact(const ls_response *response, ls_artifact *artifact) {
    if (!response->kept) return ls_fail("%s: its body has become no artifact: it was answered with %d", response->origin, response->status);
    *artifact = *response->kept;
    return ls_done();
}

ls_result ls_response_json_text(const ls_response *response, const char *pointer, const char **text) {
    return ls_json_text_at(response->origin, ls_response_text(response), pointer, text);
}

ls_result ls_expect_status(const ls_response *response, uint16_t expected) {
    if (response->status == expected) return ls_done();
    return ls_assertion("%s: expected status %d, found %d with %s", response->origin, expected, response->status, json_shown(ls_response_text(response)));
}

ls_result ls_expect_success(const ls_response *response) {
    if (response->status >= 200 && response->status < 300) return ls_done();
    return ls_assertion("%s: expected success, found status %d with %s", response->origin, response->status, json_shown(ls_response_text(response)));
}

ls_result ls_expect_json(const ls_response *response, const char *pointer, const char *expected) {
    return ls_json_expect(response->origin, ls_response_text(response), pointer, expected);
}

ls_result ls_expect_text(const ls_response *response, const char *expected) {
    if (strstr(ls_response_text(response), expected)) return ls_done();
    return ls_assertion("%s: expected %s in the body, found %s", response->origin, ls_json_text(expected), json_shown(ls_response_text(response)));
}

ls_result ls_expect_header(const ls_response *response, const char *name, const char *expected) {
    for (size_t at = 0; at < response->header_count; at++) {
        if (!strcasecmp(response->headers[at].name, name) && !strcmp(response->headers[at].value, expected)) return ls_done();
    }
    const char *found = ls_response_header(response, name);
    return ls_assertion("%s: expected header %s: %s, found %s", response->origin, name, expected, found ? found : "no such header");
}

ls_result ls_expect_faster_than(const ls_response *response, ls_duration limit) {
    uint32_t took = response->timing.total;
    if (took < limit * 1000) return ls_done();
    return ls_assertion("%s: expected an answer within %s, found %s", response->origin, spoken_time(limit), spoken_time(took / 1000));
}
