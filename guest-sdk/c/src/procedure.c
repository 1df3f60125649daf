// The declaration, and how the host comes in: the four exports of the contract, answered from it.
#include "abi.h"
#include "ctx.h"

#include <stdlib.h>

// The longest wait between two tries when the step does not say one: the host's own.
#define LONGEST_WAIT ls_minutes(1)

typedef struct {
    ls_step_words words;
    const char *phase;
} step;

struct ls_procedure {
    bool describing;
    ls_description description;
    ls_parameter_words *parameters;
    size_t parameter_count;
    step *steps;
    size_t step_count;
    const char *phase;
};

// The author's lists end with the block that they stand in.
static ls_list kept(ls_list list) {
    if (!list.items) return list;
    const char **items = ls_alloc((list.count + 1) * sizeof *items);
    memcpy(items, list.items, list.count * sizeof *items);
    return (ls_list){items, list.count};
}

void ls_procedure_describe(ls_procedure *p, ls_description words) { p->description = words; }

void ls_procedure_parameter(ls_procedure *p, ls_parameter_words words) {
    words.choices = kept(words.choices);
    p->parameters = abi_grown(p->parameters, p->parameter_count, sizeof *p->parameters);
    p->parameters[p->parameter_count++] = words;
}

void ls_procedure_step(ls_procedure *p, ls_step_words words) {
    words.needs = kept(words.needs);
    words.retry_on = kept(words.retry_on);
    p->steps = abi_grown(p->steps, p->step_count, sizeof *p->steps);
    p->steps[p->step_count++] = (step){words, p->phase};
}

void ls_phase(ls_procedure *p, const char *heading) { p->phase = heading; }

const char *ls_value(const ls_procedure *p, const char *id) {
    if (!p->describing) return ls_ctx_maybe_parameter(NULL, id);
    for (size_t at = 0; at < p->parameter_count; at++) {
        if (!strcmp(p->parameters[at].id, id)) return p->parameters[at].fallback;
    }
    return NULL;
}

const char *ls_environment(const ls_procedure *p) { return p->describing ? "" : ls_ctx_environment(NULL); }

static ls_procedure *declared(bool describing) {
    ls_procedure *p = ls_alloc(sizeof *p);
    p->describing = describing;
    lockstep_procedure(p);
    return p;
}

void contract_procedure_describe(void) {
    const ls_procedure *p = declared(true);
    if (p->description.id) {
        int32_t description = contract_plan_description(ABI_TEXT(p->description.id), ABI_TEXT(p->description.version));
        if (p->description.title) contract_plan_description_title(description, ABI_TEXT(p->description.title));
    }
    for (size_t at = 0; at < p->parameter_count; at++) {
        const ls_parameter_words *words = &p->parameters[at];
        int32_t parameter = contract_plan_parameter(ABI_TEXT(words->id));
        if (words->title) contract_plan_parameter_title(parameter, ABI_TEXT(words->title));
        if (words->fallback) contract_plan_parameter_fallback(parameter, ABI_TEXT(words->fallback));
        if (words->choices.count) {
            abi_texts choices = abi_list(words->choices);
            contract_plan_parameter_choices(parameter, choices.items, choices.count);
        }
    }
}

static void declare(const step *declared) {
    const ls_step_words *words = &declared->words;
    int32_t step = contract_plan_step(ABI_TEXT(words->id), ABI_TEXT(words->title));
    if (words->about) contract_plan_step_about(step, ABI_TEXT(words->about));
    if (declared->phase) contract_plan_step_phase(step, ABI_TEXT(declared->phase));
    if (words->needs.items) {
        abi_texts needs = abi_list(words->needs);
        contract_plan_step_needs(step, needs.items, needs.count);
    }
    if (words->timeout) contract_plan_step_timeout(step, abi_secs(words->timeout));
    if (words->retry.attempts) {
        ls_duration backoff = words->retry.backoff, longest = words->retry.longest;
        if (!longest) longest = backoff > LONGEST_WAIT ? backoff : LONGEST_WAIT;
        contract_plan_step_retry(step, (int32_t)words->retry.attempts, abi_millis(backoff), abi_millis(longest));
    }
    if (words->retry_on.count) {
        abi_texts codes = abi_list(words->retry_on);
        contract_plan_step_retry_on(step, codes.items, codes.count);
    }
    switch (words->on_failure) {
    case LS_DECIDE: break;
    case LS_PAUSE: contract_plan_step_on_failure_pause(step); break;
    case LS_UNDO: contract_plan_step_on_failure_undo(step); break;
    case LS_CONTINUE: contract_plan_step_on_failure_continue(step); break;
    }
    if (words->undo) contract_plan_step_undoable(step);
    if (words->irreversible) contract_plan_step_irreversible(step);
    if (words->expected) contract_plan_step_expected(step, abi_secs(words->expected));
}

// What the host reads as the result of an export.
static abi_result answer;

static void *answered(ls_result result) {
    memset(&answer, 0, sizeof answer);
    answer.is_err = result.failure != NULL;
    if (result.failure) {
        abi_failed(result.failure, &answer.as.failure);
    } else if (result.output) {
        answer.as.option.some = 1;
        answer.as.option.as.text = (abi_text){result.output, strlen(result.output)};
    }
    return &answer;
}

void *contract_procedure_plan(void) {
    const ls_procedure *p = declared(false);
    for (size_t at = 0; at < p->step_count; at++) declare(&p->steps[at]);
    return answered(ls_done());
}

static ls_result ran(const char *id, bool undo) {
    const ls_procedure *p = declared(false);
    for (size_t at = 0; at < p->step_count; at++) {
        const ls_step_words *words = &p->steps[at].words;
        if (strcmp(words->id, id)) continue;
        ls_ctx ctx = {id};
        if (!undo) return words->run(&ctx);
        if (words->undo) return words->undo(&ctx);
        return ls_with_code(ls_fail("step `%s` declares no undo", id), LS_UNKNOWN);
    }
    return ls_with_code(ls_fail("the procedure declares no step `%s` for these parameters", id), LS_UNKNOWN);
}

void *contract_procedure_run_step(const void *step, size_t size) {
    (void)size;
    return answered(ran(step, false));
}

void *contract_procedure_undo_step(const void *step, size_t size) {
    (void)size;
    ls_result result = ran(step, true);
    result.output = NULL;
    return answered(result);
}
