// Objects of a cluster.
#include "steps.h"

#define PINNED "registry.test/api@sha256:2222222222222222222222222222222222222222222222222222222222222222"

static ls_target *deployment(const char *id) {
    ls_target *target = ls_kube_deployment("shop", id);
    ls_target_timeout(target, ls_secs(20));
    return target;
}

static ls_result stands(void) {
    ls_target *api = deployment("api"), *none = ls_kube_deployment("shop", "none");
    const char *object, *found;
    LS_TRY(ls_target_read(api, &object));
    LS_TRY(ls_target_field(api, "/spec/replicas", &found));
    ls_info("%s %s", object ? "true" : "false", found);
    LS_TRY(ls_target_read(none, &found));
    LS_ENSURE(!found, "something is there");
    ls_revision stood, absent;
    LS_TRY(ls_target_revision(api, &stood));
    LS_TRY(ls_revision_parse(ls_revision_text(&stood), &stood));
    uint32_t replicas = 0;
    LS_ENSURE(ls_revision_replicas(&stood, &replicas), "nobody wants replicas");
    ls_info("%u %s", (unsigned)replicas, ls_revision_image(&stood, "api"));
    LS_ENSURE(!ls_revision_image(&stood, "none") && ls_revision_object(&stood), "it stands otherwise");
    LS_TRY(ls_target_revision(none, &absent));
    LS_ENSURE(!ls_revision_object(&absent), "something was there");
    return ls_target_rollout_undo(api, &stood, NULL);
}

// What is put back is what was found first.
static ls_result workload(void) {
    ls_target *api = deployment("api"), *trying = deployment("api");
    ls_target_dry_run(trying);
    ls_change tried;
    LS_TRY(ls_target_set_image(trying, "api", PINNED, &tried));
    LS_TRY(ls_change_expect_pinned(&tried));
    const char *kind;
    LS_TRY(ls_json_text_at("the object", tried.object, "/kind", &kind));
    ls_info("%zu %s", tried.unpinned.count, kind);
    LS_TRY(ls_target_put_back(api));
    LS_TRY(ls_target_set_image(api, "api", PINNED, NULL));
    LS_TRY(ls_target_scale(api, 5, NULL));
    LS_TRY(ls_target_restart(api, NULL));
    LS_TRY(ls_target_put_back(api));
    return ls_target_put_back(api);
}

static ls_result waits(void) {
    ls_target *api = ls_kube_deployment("shop", "api");
    ls_rollout far;
    LS_TRY(ls_target_rollout_status(api, &far));
    ls_info("%u %u %u %u", (unsigned)far.wanted, (unsigned)far.updated, (unsigned)far.ready, (unsigned)far.available);
    const char *object, *word;
    LS_TRY(ls_target_wait_for_condition(api, "Available", "True", &object));
    LS_TRY(ls_json_text_at("the object", object, "/kind", &word));
    ls_info("%s", word);
    LS_TRY(ls_target_wait_for_json(api, "/spec/replicas", "2", &object));
    LS_TRY(ls_json_text_at("the object", object, "/kind", &word));
    ls_info("%s", word);
    LS_TRY(ls_target_wait_for_json(api, "/spec/paused", "true", &object));
    LS_TRY(ls_target_logs(api, "api", 10, ls_millis(1500), &word));
    ls_info("%s", word);
    const ls_event *events;
    size_t count;
    LS_TRY(ls_target_events(api, &events, &count));
    for (size_t at = 0; at < count; at++) {
        const ls_event *event = &events[at];
        ls_info("%s %s %s %s %llu", event->at, event->kind, event->reason, event->message, (unsigned long long)event->count);
    }
    ls_selection *running = ls_kube_pods("shop");
    ls_selection_labels(running, "app=api");
    ls_selection_fields(running, "status.phase=Running");
    ls_selection_limit(running, 10);
    ls_list pods;
    LS_TRY(ls_selection_entries(running, &pods));
    LS_TRY(ls_json_text_at("the first", pods.items[0], "/name", &word));
    ls_info("%zu %s", pods.count, word);
    return ls_done();
}

static ls_target *settings(const char *id) {
    ls_target *target = ls_kube_object("v1", "ConfigMap", "shop", id);
    ls_target_force(target);
    return target;
}

static ls_result others(void) {
    static const char named[] = "{\"data\":{\"name\":\"ü\"}}";
    LS_TRY(ls_target_apply(settings("there"), named, NULL));
    LS_TRY(ls_target_put_back(settings("there")));
    LS_TRY(ls_target_apply(settings("fresh"), named, NULL));
    LS_TRY(ls_target_put_back(settings("fresh")));
    LS_TRY(ls_target_apply(settings(xs(80)), "{\"data\":{}}", NULL));
    LS_TRY(ls_target_delete(settings("gone")));
    return ls_target_wait_for_deleted(settings("gone"));
}

// The one that is not put back above.
ls_result put_back(const ls_ctx *ctx) {
    (void)ctx;
    return ls_target_put_back(ls_kube_object("v1", "ConfigMap", "shop", xs(80)));
}

static void refusals(void) {
    ls_target *api = ls_kube_deployment("shop", "api"), *slow = ls_kube_deployment("shop", "slow");
    const char *object;
    ls_rollout far;
    ls_list secrets;
    ls_revision revision;
    ls_target_timeout(slow, ls_secs(1));
    refused("changed since", ls_target_patch(api, "{\"spec\":{\"paused\":null}}", NULL));
    refused("too late", ls_target_rollout_status(slow, &far));
    refused("not there", ls_target_field(ls_kube_deployment("shop", "none"), "/spec", &object));
    refused("another kind", ls_target_read(ls_kube_stateful_set("shop", "api"), &object));
    refused("another namespace", ls_target_read(ls_kube_deployment("other", "api"), &object));
    refused("another verb", ls_target_restart(ls_kube_daemon_set("shop", "api"), NULL));
    refused("no name", ls_target_read(ls_kube_pod("shop", ""), &object));
    refused("another list", ls_selection_entries(ls_kube_select("v1", "Secret", "shop"), &secrets));
    refused("no revision", ls_revision_parse("{}", &revision));
    refused("too many replicas", ls_target_scale(api, UINT32_MAX, NULL));
}

ls_result cluster(const ls_ctx *ctx) {
    (void)ctx;
    LS_TRY(stands());
    LS_TRY(workload());
    LS_TRY(waits());
    LS_TRY(others());
    refusals();
    return ls_done();
}
