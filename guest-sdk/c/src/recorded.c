// How objects of a cluster stood before a step changed them, and putting them back.
#include "kube.h"

// The longest key of `ls_ctx_remember`.
#define LONGEST_KEY 64

ls_result ls_revision_parse(const char *text, ls_revision *revision) {
    abi_result parsed;
    contract_kube_revision_parse(ABI_TEXT(text), &parsed);
    LS_TRY(abi_given(&parsed));
    revision->handle = parsed.as.handle;
    return ls_done();
}

const char *ls_revision_text(const ls_revision *revision) {
    abi_text text;
    contract_kube_revision_text(revision->handle, &text);
    return text.data;
}

const char *ls_revision_object(const ls_revision *revision) {
    abi_option object;
    contract_kube_revision_object(revision->handle, &object);
    return object.some ? object.as.text.data : NULL;
}

bool ls_revision_replicas(const ls_revision *revision, uint32_t *replicas) {
    abi_option wanted;
    contract_kube_revision_replicas(revision->handle, &wanted);
    if (wanted.some) *replicas = (uint32_t)wanted.as.handle;
    return wanted.some;
}

const char *ls_revision_image(const ls_revision *revision, const char *container) {
    abi_option image;
    contract_kube_revision_image(revision->handle, ABI_TEXT(container), &image);
    return image.some ? image.as.text.data : NULL;
}

ls_result ls_change_expect_pinned(const ls_change *change) {
    const char *images = "";
    for (size_t at = 0; at < change->unpinned.count; at++) images = ls_format("%s%s%s", images, at ? ", " : "", change->unpinned.items[at]);
    return *images ? ls_assertion("expected images with digests, found %s", images) : ls_done();
}

// A key for the object, as short as a key must be. The same in every language: an undo may be another's.
static const char *key(const char *what, const ls_target *target) {
    const char *whole = ls_format("%s:%s", what, target_place(target));
    if (strlen(whole) <= LONGEST_KEY) return whole;
    uint64_t hash = 0xcbf29ce484222325;
    for (const unsigned char *byte = (const unsigned char *)whole; *byte; byte++) hash = (hash ^ *byte) * 0x100000001b3;
    return ls_format("%s:%016llx", what, (unsigned long long)hash);
}

// What an attempt of this step has kept; what was put back is forgotten.
static const char *kept(const char *key) {
    const char *text = ls_ctx_recall(NULL, key);
    return text && strcmp(text, "null") ? text : NULL;
}

ls_result target_scaled(const ls_target *target) { return target->dry_run ? ls_done() : ls_ctx_remember(NULL, key("scaled", target), "true"); }

static ls_result revision(int32_t ready, ls_revision *found) {
    abi_result given;
    contract_kube_target_revision(ready, &given);
    found->handle = given.as.handle;
    return abi_given(&given);
}

ls_result target_before(const ls_target *target, int32_t ready, ls_revision *before) {
    LS_TRY(revision(ready, before));
    const char *stood = key("kube", target);
    if (target->dry_run || kept(stood)) return ls_done();
    return ls_ctx_remember(NULL, stood, ls_revision_text(before));
}

// Puts back what is no workload, or was not there.
static ls_result object_back(int32_t ready, const char *object) {
    ls_revision now;
    LS_TRY(revision(ready, &now));
    abi_result made;
    if (object) {
        contract_kube_target_apply(ready, now.handle, ABI_TEXT(object), &made);
    } else {
        contract_kube_target_delete(ready, now.handle, &made);
    }
    return abi_given(&made);
}

static ls_result template_back(int32_t ready, const ls_revision *recorded, bool scaled) {
    abi_result made;
    contract_kube_target_rollout_undo(ready, recorded->handle, &made);
    LS_TRY(abi_given(&made));
    uint32_t replicas;
    if (!scaled || !ls_revision_replicas(recorded, &replicas)) return ls_done();
    ls_revision now;
    LS_TRY(revision(ready, &now));
    contract_kube_target_scale(ready, now.handle, (int32_t)replicas, &made);
    return abi_given(&made);
}

ls_result ls_target_put_back(const ls_target *target) {
    const char *stood = key("kube", target), *scaled = key("scaled", target), *text = kept(stood), *template;
    if (!text) return ls_done();
    ls_revision recorded;
    LS_TRY(ls_revision_parse(text, &recorded));
    int32_t ready = target_ready(target, true);
    const char *object = ls_revision_object(&recorded);
    if (object && !ls_json_at("the recorded object", object, "/spec/template", &template).failure) {
        LS_TRY(template_back(ready, &recorded, kept(scaled)));
    } else {
        LS_TRY(object_back(ready, object));
    }
    contract_kube_target_drop(ready);
    LS_TRY(ls_ctx_remember(NULL, stood, "null"));
    return ls_ctx_remember(NULL, scaled, "null");
}
