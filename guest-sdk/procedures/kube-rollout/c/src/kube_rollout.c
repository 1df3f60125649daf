// Rolls out an image in a cluster: how it stands is recorded, the image is set, the rollout is watched and looked at, and who depends on it is restarted. A version
// that does not get ready is taken back, to the very pod template that was there.
#include <lockstep.h>

#include <stdlib.h>
#include <string.h>

// What the procedure was told.
typedef struct {
    const char *ns, *container, *image, *dependants;
    ls_target *target;
} told;

static ls_result read(const ls_ctx *ctx, told *told) {
    const char *deployment;
    LS_TRY(ls_ctx_parameter(ctx, "namespace", &told->ns));
    LS_TRY(ls_ctx_parameter(ctx, "deployment", &deployment));
    LS_TRY(ls_ctx_parameter(ctx, "container", &told->container));
    LS_TRY(ls_ctx_parameter(ctx, "image", &told->image));
    LS_TRY(ls_ctx_parameter(ctx, "dependants", &told->dependants));
    told->target = ls_kube_deployment(told->ns, deployment);
    return ls_done();
}

// Gives the image that was there, with its digest where the cluster tells it.
static ls_result present(const ls_ctx *ctx) {
    told first, then;
    LS_TRY(read(ctx, &first));
    LS_TRY(read(ctx, &then));
    ls_rollout far;
    ls_target_timeout(first.target, ls_secs(20));
    LS_TRY(ls_context(ls_target_rollout_status(first.target, &far), "before anything is changed"));
    ls_revision revision;
    LS_TRY(ls_target_revision(then.target, &revision));
    const char *image = ls_revision_image(&revision, then.container);
    if (!image) return ls_fail("there is no container `%s`", then.container);
    uint32_t replicas = 0;
    ls_revision_replicas(&revision, &replicas);
    ls_info("%u replicas of %s", (unsigned)replicas, image);
    return ls_text(image);
}

static ls_result try_it(const ls_ctx *ctx) {
    told told;
    ls_change change;
    LS_TRY(read(ctx, &told));
    ls_target_dry_run(told.target);
    LS_TRY(ls_target_set_image(told.target, told.container, told.image, &change));
    for (size_t at = 0; at < change.unpinned.count; at++) ls_warn("%s has no digest: what it is may change", change.unpinned.items[at]);
    return ls_done();
}

static ls_result set_image(const ls_ctx *ctx) {
    told told;
    LS_TRY(read(ctx, &told));
    return ls_target_set_image(told.target, told.container, told.image, NULL);
}

static ls_result take_back(const ls_ctx *ctx) {
    told told;
    ls_rollout far;
    LS_TRY(read(ctx, &told));
    LS_TRY(ls_target_put_back(told.target));
    return ls_target_rollout_status(told.target, &far);
}

static ls_result rollout(const ls_ctx *ctx) {
    told told;
    int64_t patience;
    ls_rollout far;
    LS_TRY(read(ctx, &told));
    LS_TRY(ls_ctx_parameter_number(ctx, "patience-seconds", &patience));
    ls_target_timeout(told.target, ls_secs((uint64_t)patience));
    LS_TRY(ls_target_rollout_status(told.target, &far));
    return ls_number(far.available);
}

// Whether a pod has a container that runs the image and is ready.
static bool runs(const char *pod, const char *image) {
    for (int at = 0;; at++) {
        const char *found, *ready;
        if (ls_json_text_at("a pod", pod, ls_format("/status/containerStatuses/%d/image", at), &found).failure) return false;
        if (ls_json_at("a pod", pod, ls_format("/status/containerStatuses/%d/ready", at), &ready).failure) return false;
        if (!strcmp(found, image) && !strcmp(ready, "true")) return true;
    }
}

static ls_result smoke(const ls_ctx *ctx) {
    told told;
    const char *field, *app, *output;
    LS_TRY(read(ctx, &told));
    LS_TRY(ls_target_field(told.target, "/spec/selector/matchLabels/app", &field));
    LS_TRY(ls_json_text_at("the label", field, "", &app));
    ls_selection *running = ls_kube_pods(told.ns);
    ls_selection_labels(running, ls_format("app=%s", app));
    ls_selection_fields(running, "status.phase=Running");
    ls_list pods;
    LS_TRY(ls_selection_entries(running, &pods));
    LS_TRY(ls_ctx_output(ctx, "rollout", &output));
    size_t ready = 0, wanted = strtoull(output, NULL, 10);
    for (size_t at = 0; at < pods.count; at++) ready += runs(pods.items[at], told.image);
    LS_ENSURE(ready >= wanted, "expected %zu ready pods with %s, found %zu", wanted, told.image, ready);
    return ls_done();
}

// Does something to all who depend on it.
static ls_result each(const ls_ctx *ctx, ls_result act(const ls_target *dependant)) {
    told told;
    LS_TRY(read(ctx, &told));
    for (const char *rest = told.dependants; *rest;) {
        size_t size = strcspn(rest, ",");
        const char *id = ls_trim(ls_format("%.*s", (int)size, rest));
        if (*id) LS_TRY(act(ls_kube_deployment(told.ns, id)));
        rest += size + (rest[size] != 0);
    }
    return ls_done();
}

static ls_result restart(const ls_target *dependant) { return ls_target_restart(dependant, NULL); }

static ls_result serves(const ls_target *dependant) {
    ls_rollout far;
    return ls_target_rollout_status(dependant, &far);
}

// A restart is not taken back; that they serve is seen to all the same.
static ls_result wait_for_dependants(const ls_ctx *ctx) { return each(ctx, serves); }

static ls_result restart_dependants(const ls_ctx *ctx) {
    LS_TRY(each(ctx, restart));
    return wait_for_dependants(ctx);
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "kube-rollout", "0.1.0", .title = "Roll out an image, and take it back when it does not get ready");
    ls_parameter(p, "namespace", .title = "Where all of it is", .fallback = "shop");
    ls_parameter(p, "deployment", .title = "What gets the image", .fallback = "api");
    ls_parameter(p, "container", .title = "Which of its containers", .fallback = "api");
    ls_parameter(p, "image", .title = "The image, best with its digest: registry.example.com/shop/api@sha256:…");
    ls_parameter(p, "dependants", .title = "Deployments to restart afterwards, with commas between them", .fallback = "");
    ls_parameter(p, "patience-seconds", .title = "How long the rollout may take", .fallback = "300");

    ls_phase(p, "Pre-flight");
    ls_step(p, "present", "It serves, and how it stands is recorded", present);
    ls_step(p, "try", "The cluster would take the image", try_it);

    ls_phase(p, "Rollout");
    ls_step(p, "image", "The deployment has the image", set_image, .undo = take_back);
    ls_step(p, "rollout", "All of its pods are new and available", rollout);
    ls_step(p, "smoke", "Each of its pods runs the image, and is ready", smoke);

    ls_phase(p, "Dependants");
    ls_step(p, "dependants", "Who depends on it has met the new version", restart_dependants, .undo = wait_for_dependants);
}
