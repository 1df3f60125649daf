// What a step knows about the run it belongs to.
#include "ctx.h"
#include "abi.h"

#include <errno.h>
#include <stdlib.h>

static const char *maybe(const abi_option *option) { return option->some ? option->as.text.data : NULL; }

const char *ls_ctx_step(const ls_ctx *ctx) { return ctx->step; }

const char *ls_ctx_run_id(const ls_ctx *ctx) {
    (void)ctx;
    abi_text id;
    contract_run_id(&id);
    return id.data;
}

const char *ls_ctx_environment(const ls_ctx *ctx) {
    (void)ctx;
    abi_text environment;
    contract_run_environment(&environment);
    return environment.data;
}

uint32_t ls_ctx_attempt(const ls_ctx *ctx) {
    (void)ctx;
    return (uint32_t)contract_run_attempt();
}

const char *ls_ctx_idempotency_key(const ls_ctx *ctx) {
    (void)ctx;
    abi_text key;
    contract_run_idempotency_key(&key);
    return key.data;
}

const char *ls_ctx_maybe_parameter(const ls_ctx *ctx, const char *id) {
    (void)ctx;
    abi_option value;
    contract_run_parameter(ABI_TEXT(id), &value);
    return maybe(&value);
}

ls_result ls_ctx_parameter(const ls_ctx *ctx, const char *id, const char **value) {
    *value = ls_ctx_maybe_parameter(ctx, id);
    if (*value) return ls_done();
    return ls_with_code(ls_fail("parameter `%s` has no value, or the procedure does not declare it", id), LS_PARAMETER);
}

ls_result ls_ctx_parameter_number(const ls_ctx *ctx, const char *id, int64_t *value) {
    const char *text;
    LS_TRY(ls_ctx_parameter(ctx, id, &text));
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (!errno && end != text && !*end) return ls_done();
    return ls_with_code(ls_fail("parameter `%s` is %s, which does not read as a whole number", id, ls_json_text(text)), LS_PARAMETER);
}

const char *ls_ctx_maybe_output(const ls_ctx *ctx, const char *step) {
    (void)ctx;
    abi_option output;
    contract_run_output_of(ABI_TEXT(step), &output);
    return maybe(&output);
}

ls_result ls_ctx_output(const ls_ctx *ctx, const char *step, const char **json) {
    *json = ls_ctx_maybe_output(ctx, step);
    if (*json) return ls_done();
    return ls_with_code(ls_fail("step `%s` has no output", step), LS_OUTPUT);
}

ls_result ls_ctx_output_text(const ls_ctx *ctx, const char *step, const char *pointer, const char **text) {
    const char *json;
    LS_TRY(ls_ctx_output(ctx, step, &json));
    ls_result found = ls_json_text_at("", json, pointer, text);
    if (!found.failure) return found;
    return ls_with_code(ls_fail("the output of step `%s` has no text at \"%s\": it is %s", step, pointer, json), LS_OUTPUT);
}

ls_result ls_ctx_remember(const ls_ctx *ctx, const char *key, const char *json) {
    (void)ctx;
    abi_result result;
    contract_run_remember(ABI_TEXT(key), ABI_TEXT(json), &result);
    return abi_given(&result);
}

const char *ls_ctx_recall(const ls_ctx *ctx, const char *key) {
    (void)ctx;
    abi_option value;
    contract_run_recall(ABI_TEXT(key), &value);
    return maybe(&value);
}
