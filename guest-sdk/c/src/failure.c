// Failures: one type for every capability, so that `LS_TRY` works on all of them.
#include "abi.h"

static ls_result failed(ls_kind kind, const char *code, const char *message, bool retryable) {
    ls_failure *failure = ls_alloc(sizeof *failure);
    *failure = (ls_failure){kind, code, message, retryable};
    return (ls_result){failure, NULL};
}

ls_result ls_done(void) { return (ls_result){NULL, NULL}; }
ls_result ls_json(const char *json) { return (ls_result){NULL, json}; }
ls_result ls_text(const char *text) { return ls_json(ls_json_text(text)); }
ls_result ls_number(int64_t number) { return ls_json(ls_format("%lld", (long long)number)); }

ls_result ls_fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    const char *message = abi_format(format, values);
    va_end(values);
    return failed(LS_FAILED, LS_GAVE_UP, message, false);
}

ls_result ls_assertion(const char *format, ...) {
    va_list values;
    va_start(values, format);
    const char *message = abi_format(format, values);
    va_end(values);
    return failed(LS_FAILED, LS_ASSERTION, message, true);
}

ls_result ls_with_code(ls_result result, const char *code) {
    const ls_failure *was = result.failure;
    if (!was || was->kind != LS_FAILED) return result;
    return failed(was->kind, code, was->message, was->retryable);
}

ls_result ls_retryable(ls_result result) {
    const ls_failure *was = result.failure;
    if (!was || was->kind != LS_FAILED) return result;
    return failed(was->kind, was->code, was->message, true);
}

bool ls_is_retryable(ls_result result) { return result.failure && result.failure->retryable; }

ls_result ls_context(ls_result result, const char *format, ...) {
    const ls_failure *was = result.failure;
    if (!was) return result;
    va_list values;
    va_start(values, format);
    const char *doing = abi_format(format, values);
    va_end(values);
    return failed(was->kind, was->code, ls_format("%s: %s", doing, was->message), was->retryable);
}

ls_result abi_given(const abi_result *result) {
    if (!result->is_err) return ls_done();
    const abi_failure *given = &result->as.failure;
    switch (given->kind) {
    case LS_DENIED: return failed(LS_DENIED, "denied", given->as.message.data, false);
    case LS_TIMED_OUT: return failed(LS_TIMED_OUT, "timed-out", given->as.message.data, true);
    case LS_IN_DOUBT: return failed(LS_IN_DOUBT, "in-doubt", given->as.message.data, false);
    default: return failed(LS_FAILED, given->as.problem.code.data, given->as.problem.message.data, given->as.problem.retryable);
    }
}

void abi_failed(const ls_failure *failure, abi_failure *into) {
    abi_text message = {failure->message, strlen(failure->message)};
    into->kind = (uint8_t)failure->kind;
    if (failure->kind != LS_FAILED) {
        into->as.message = message;
        return;
    }
    into->as.problem.code = (abi_text){failure->code, strlen(failure->code)};
    into->as.problem.message = message;
    into->as.problem.retryable = failure->retryable;
}
