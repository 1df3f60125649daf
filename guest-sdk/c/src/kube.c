// Objects of the Kubernetes cluster that the grant names.
#include "kube.h"

#include <stdlib.h>

ls_target *ls_kube_object(const char *api_version, const char *kind, const char *ns, const char *id) {
    ls_target *target = ls_alloc(sizeof *target);
    *target = (ls_target){.api_version = api_version, .kind = kind, .ns = ns, .id = id};
    return target;
}

ls_target *ls_kube_deployment(const char *ns, const char *id) { return ls_kube_object("apps/v1", "Deployment", ns, id); }
ls_target *ls_kube_stateful_set(const char *ns, const char *id) { return ls_kube_object("apps/v1", "StatefulSet", ns, id); }
ls_target *ls_kube_daemon_set(const char *ns, const char *id) { return ls_kube_object("apps/v1", "DaemonSet", ns, id); }
ls_target *ls_kube_pod(const char *ns, const char *id) { return ls_kube_object("v1", "Pod", ns, id); }
void ls_target_dry_run(ls_target *target) { target->dry_run = true; }
void ls_target_force(ls_target *target) { target->force = true; }

void ls_target_timeout(ls_target *target, ls_duration longest) {
    target->timed = true;
    target->timeout = longest;
}

const char *target_place(const ls_target *target) { return ls_format("%s %s%s%s", target->kind, target->ns, *target->ns ? "/" : "", target->id); }

int32_t target_ready(const ls_target *target, bool force) {
    int32_t made = contract_kube_target(ABI_TEXT(target->api_version), ABI_TEXT(target->kind), ABI_TEXT(target->ns), ABI_TEXT(target->id));
    if (target->timed) contract_kube_target_timeout(made, abi_millis(target->timeout));
    if (target->dry_run) contract_kube_target_dry_run(made);
    if (target->force || force) contract_kube_target_force(made);
    return made;
}

// Makes a call that needs no revision.
#define ASK(target, call, ...)                                                                                                                        \
    do {                                                                                                                                              \
        int32_t made_ = target_ready(target, false);                                                                                                  \
        call(made_, __VA_ARGS__);                                                                                                                     \
        contract_kube_target_drop(made_);                                                                                                             \
    } while (0)

ls_result ls_target_read(const ls_target *target, const char **json) {
    abi_result found;
    ASK(target, contract_kube_target_read, &found);
    LS_TRY(abi_given(&found));
    *json = found.as.option.some ? found.as.option.as.text.data : NULL;
    return ls_done();
}

ls_result ls_target_field(const ls_target *target, const char *pointer, const char **json) {
    const char *object;
    LS_TRY(ls_target_read(target, &object));
    if (!object) return ls_with_code(ls_fail("there is no %s", target_place(target)), "kube.missing");
    return ls_json_at(target_place(target), object, pointer, json);
}

ls_result ls_target_revision(const ls_target *target, ls_revision *revision) {
    abi_result found;
    ASK(target, contract_kube_target_revision, &found);
    LS_TRY(abi_given(&found));
    revision->handle = found.as.handle;
    return ls_done();
}

static ls_result changed(const abi_result *made, ls_change *change) {
    LS_TRY(abi_given(made));
    abi_text object;
    abi_texts unpinned;
    contract_kube_change_object(made->as.handle, &object);
    contract_kube_change_unpinned(made->as.handle, &unpinned);
    contract_kube_change_drop(made->as.handle);
    const char **images = ls_alloc((unpinned.count + 1) * sizeof *images);
    for (size_t at = 0; at < unpinned.count; at++) images[at] = unpinned.items[at].data;
    if (change) *change = (ls_change){object.data, {images, unpinned.count}};
    return ls_done();
}

// Makes a change: records how it stands, and asks for it.
#define CHANGE(target, call, ...)                                                                                                                     \
    do {                                                                                                                                              \
        int32_t made_ = target_ready(target, false);                                                                                                  \
        ls_revision before_;                                                                                                                          \
        LS_TRY(target_before(target, made_, &before_));                                                                                               \
        call(made_, before_.handle, __VA_ARGS__);                                                                                                     \
        contract_kube_revision_drop(before_.handle);                                                                                                  \
        contract_kube_target_drop(made_);                                                                                                             \
    } while (0)

ls_result ls_target_apply(const ls_target *target, const char *json, ls_change *change) {
    abi_result made;
    CHANGE(target, contract_kube_target_apply, ABI_TEXT(json), &made);
    return changed(&made, change);
}

ls_result ls_target_patch(const ls_target *target, const char *json, ls_change *change) {
    abi_result made;
    CHANGE(target, contract_kube_target_patch, ABI_TEXT(json), &made);
    return changed(&made, change);
}

ls_result ls_target_scale(const ls_target *target, uint32_t replicas, ls_change *change) {
    abi_result made;
    LS_TRY(target_scaled(target));
    CHANGE(target, contract_kube_target_scale, (int32_t)replicas, &made);
    return changed(&made, change);
}

ls_result ls_target_set_image(const ls_target *target, const char *container, const char *image, ls_change *change) {
    abi_result made;
    CHANGE(target, contract_kube_target_set_image, ABI_TEXT(container), ABI_TEXT(image), &made);
    return changed(&made, change);
}

ls_result ls_target_restart(const ls_target *target, ls_change *change) {
    abi_result made;
    CHANGE(target, contract_kube_target_restart, &made);
    return changed(&made, change);
}

ls_result ls_target_delete(const ls_target *target) {
    abi_result made;
    CHANGE(target, contract_kube_target_delete, &made);
    return abi_given(&made);
}

ls_result ls_target_rollout_undo(const ls_target *target, const ls_revision *recorded, ls_change *change) {
    abi_result made;
    ASK(target, contract_kube_target_rollout_undo, recorded->handle, &made);
    return changed(&made, change);
}

// A whole number at a JSON pointer of what the host says.
static ls_result count_at(const ls_target *target, const char *json, const char *pointer, uint64_t *count) {
    const char *found;
    LS_TRY(ls_json_at(target_place(target), json, pointer, &found));
    *count = strtoull(found, NULL, 10);
    return ls_done();
}

ls_result ls_target_rollout_status(const ls_target *target, ls_rollout *rollout) {
    abi_result told;
    ASK(target, contract_kube_target_rollout_status, &told);
    LS_TRY(abi_given(&told));
    static const char *const pointers[] = {"/wanted", "/updated", "/ready", "/available"};
    uint64_t counts[4];
    for (int at = 0; at < 4; at++) LS_TRY(count_at(target, told.as.text.data, pointers[at], &counts[at]));
    *rollout = (ls_rollout){(uint32_t)counts[0], (uint32_t)counts[1], (uint32_t)counts[2], (uint32_t)counts[3]};
    return ls_done();
}

ls_result ls_target_wait_for_condition(const ls_target *target, const char *condition, const char *status, const char **json) {
    abi_result found;
    ASK(target, contract_kube_target_wait_for_condition, ABI_TEXT(condition), ABI_TEXT(status), &found);
    *json = found.as.text.data;
    return abi_given(&found);
}

ls_result ls_target_wait_for_json(const ls_target *target, const char *pointer, const char *value, const char **json) {
    abi_result found;
    ASK(target, contract_kube_target_wait_for_json, ABI_TEXT(pointer), ABI_TEXT(value), &found);
    *json = found.as.text.data;
    return abi_given(&found);
}

ls_result ls_target_wait_for_deleted(const ls_target *target) {
    abi_result gone;
    ASK(target, contract_kube_target_wait_for_deleted, &gone);
    return abi_given(&gone);
}

ls_result ls_target_logs(const ls_target *target, const char *container, uint32_t lines, ls_duration since, const char **text) {
    abi_result told;
    ASK(target, contract_kube_target_logs, ABI_TEXT(container), (int32_t)lines, abi_secs(since), &told);
    *text = told.as.text.data;
    return abi_given(&told);
}

ls_result ls_target_events(const ls_target *target, const ls_event **events, size_t *count) {
    abi_result told;
    ASK(target, contract_kube_target_events, &told);
    LS_TRY(abi_given(&told));
    ls_event *read = ls_alloc((told.as.texts.count + 1) * sizeof *read);
    const char *place = target_place(target);
    for (size_t at = 0; at < told.as.texts.count; at++) {
        const char *json = told.as.texts.items[at].data;
        LS_TRY(ls_json_text_at(place, json, "/at", &read[at].at));
        LS_TRY(ls_json_text_at(place, json, "/kind", &read[at].kind));
        LS_TRY(ls_json_text_at(place, json, "/reason", &read[at].reason));
        LS_TRY(ls_json_text_at(place, json, "/message", &read[at].message));
        LS_TRY(count_at(target, json, "/count", &read[at].count));
    }
    *events = read;
    *count = told.as.texts.count;
    return ls_done();
}

struct ls_selection {
    const char *api_version, *kind, *ns, *labels, *fields;
    bool limited;
    uint32_t limit;
};

ls_selection *ls_kube_select(const char *api_version, const char *kind, const char *ns) {
    ls_selection *selection = ls_alloc(sizeof *selection);
    *selection = (ls_selection){.api_version = api_version, .kind = kind, .ns = ns};
    return selection;
}

ls_selection *ls_kube_pods(const char *ns) { return ls_kube_select("v1", "Pod", ns); }
void ls_selection_labels(ls_selection *selection, const char *selector) { selection->labels = selector; }
void ls_selection_fields(ls_selection *selection, const char *selector) { selection->fields = selector; }

void ls_selection_limit(ls_selection *selection, uint32_t count) {
    selection->limited = true;
    selection->limit = count;
}

ls_result ls_selection_entries(const ls_selection *selection, ls_list *entries) {
    int32_t made = contract_kube_selection(ABI_TEXT(selection->api_version), ABI_TEXT(selection->kind), ABI_TEXT(selection->ns));
    if (selection->labels) contract_kube_selection_labels(made, ABI_TEXT(selection->labels));
    if (selection->fields) contract_kube_selection_fields(made, ABI_TEXT(selection->fields));
    if (selection->limited) contract_kube_selection_limit(made, (int32_t)selection->limit);
    abi_result found;
    contract_kube_selection_entries(made, &found);
    contract_kube_selection_drop(made);
    LS_TRY(abi_given(&found));
    const char **texts = ls_alloc((found.as.texts.count + 1) * sizeof *texts);
    for (size_t at = 0; at < found.as.texts.count; at++) texts[at] = found.as.texts.items[at].data;
    *entries = (ls_list){texts, found.as.texts.count};
    return ls_done();
}
