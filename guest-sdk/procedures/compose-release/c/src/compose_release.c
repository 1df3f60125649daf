// Releases an image with docker compose and no outage: both images are there and pinned by digest before anything is touched, the new version starts in the slot
// beside the old one, gets the traffic, and only then is the old one stopped. Its container and image stay, so that there is a way back.
#include "engine.h"

#include <string.h>

// Which slot the front sends clients to: it reads this file for each of them.
#define FRONT "/front/slot"

// What the pre-flight found: the slot that serves, the slot for the new version, and what the live one runs, by digest: whatever its tag comes to mean, this is
// what an undo puts back.
typedef struct {
    const char *live, *idle, *image;
} slots;

static ls_result slots_of(const ls_ctx *ctx, slots *found) {
    LS_TRY(ls_ctx_output_text(ctx, "present", "/live", &found->live));
    LS_TRY(ls_ctx_output_text(ctx, "present", "/idle", &found->idle));
    return ls_ctx_output_text(ctx, "present", "/image", &found->image);
}

static ls_result answers_at(const char *address, const char *path) {
    const ls_response *response;
    LS_TRY(ls_http_send(ls_http_get(ls_format("%s%s", address, path)), &response));
    return ls_expect_status(response, 200);
}

// What a client would notice.
static ls_result answers(void *address) {
    LS_TRY(answers_at(address, "/health"));
    return answers_at(address, "/shop");
}

static ls_result is_healthy(void *address) { return answers_at(address, "/health"); }

static ls_result present(const ls_ctx *ctx) {
    const char *text, *address, *image;
    LS_TRY(ls_files_read_text(FRONT, &text));
    const char *live = ls_trim(text), *idle = !strcmp(live, "blue") ? "green" : !strcmp(live, "green") ? "blue" : NULL;
    if (!idle) return ls_fail(FRONT " says %s: expected blue or green", ls_json_text(live));
    LS_TRY(ls_ctx_parameter(ctx, "front", &address));
    LS_TRY(answers((void *)address));
    LS_TRY(image_of(ctx, live, &image));
    ls_info("%s serves %s; %s is idle", live, image, idle);
    return ls_json(ls_json_object("live", live, "idle", idle, "image", image, NULL));
}

// The output is the new image by its digest: what was pulled here is what is started later, wherever its tag points by then.
static ls_result images(const ls_ctx *ctx) {
    const char *image, *pinned;
    slots found;
    LS_TRY(ls_ctx_parameter(ctx, "image", &image));
    LS_TRY(pull(ctx, image, &pinned));
    LS_TRY(slots_of(ctx, &found));
    LS_TRY(expect_there(ctx, found.image));
    ls_info("%s is here", pinned);
    return ls_text(pinned);
}

static ls_result start(const ls_ctx *ctx) {
    const char *how, *pinned;
    slots found;
    LS_TRY(ls_ctx_parameter(ctx, "how", &how));
    if (!strcmp(how, "down-first")) {
        ls_command *down;
        LS_TRY(compose(ctx, LS_LIST("down"), &down));
        LS_TRY(succeeds(down));
    }
    LS_TRY(slots_of(ctx, &found));
    LS_TRY(ls_ctx_output_text(ctx, "images", "", &pinned));
    return up(ctx, found.idle, pinned, found.live, found.image);
}

static ls_result stop(const ls_ctx *ctx) {
    slots found;
    LS_TRY(slots_of(ctx, &found));
    return halt(ctx, found.idle);
}

// Until a slot answers by itself.
static ls_result serves(const ls_ctx *ctx, const char *slot) {
    const char *address;
    LS_TRY(ls_ctx_parameter(ctx, slot, &address));
    return ls_within(ls_minutes(1), ls_millis(200), is_healthy, (void *)address);
}

static ls_result healthy(const ls_ctx *ctx) {
    slots found;
    LS_TRY(slots_of(ctx, &found));
    return serves(ctx, found.idle);
}

static ls_result send_clients_to(const char *slot) {
    ls_info("clients are sent to %s", slot);
    return ls_files_write_text(FRONT, ls_format("%s\n", slot));
}

static ls_result switch_over(const ls_ctx *ctx) {
    slots found;
    LS_TRY(slots_of(ctx, &found));
    return send_clients_to(found.idle);
}

static ls_result switch_back(const ls_ctx *ctx) {
    slots found;
    LS_TRY(slots_of(ctx, &found));
    return send_clients_to(found.live);
}

static ls_result verify(const ls_ctx *ctx) {
    const char *address;
    LS_TRY(ls_ctx_parameter(ctx, "front", &address));
    return ls_during(ls_secs(2), ls_millis(200), answers, (void *)address);
}

static ls_result soak(const ls_ctx *ctx) {
    int64_t seconds;
    LS_TRY(ls_ctx_parameter_number(ctx, "soak-seconds", &seconds));
    LS_TRY(ls_clock_sleep(ls_secs((uint64_t)seconds)));
    return verify(ctx);
}

static ls_result retire(const ls_ctx *ctx) {
    slots found;
    const char *serving;
    LS_TRY(slots_of(ctx, &found));
    LS_TRY(ls_files_read_text(FRONT, &serving));
    LS_ENSURE(!strcmp(ls_trim(serving), found.idle), "the front no longer goes to %s: somebody has switched by hand", found.idle);
    return halt(ctx, found.live);
}

// The recorded digest, not what its tag means by now.
static ls_result bring_back(const ls_ctx *ctx) {
    slots found;
    const char *pinned;
    LS_TRY(slots_of(ctx, &found));
    LS_TRY(ls_ctx_output_text(ctx, "images", "", &pinned));
    LS_TRY(up(ctx, found.live, found.image, found.idle, pinned));
    return serves(ctx, found.live);
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "compose-release", "0.1.0", .title = "Put an image live beside the old one, and take it back if it is not as good");
    ls_parameter(p, "image", .title = "The image to release, with a tag or a digest");
    ls_parameter(p, "compose-file", .title = "The project, with a service `blue` and a service `green`");
    ls_parameter(p, "docker", .title = "The client", .fallback = "/usr/bin/docker");
    ls_parameter(p, "docker-compose", .title = "And that of compose", .fallback = "/usr/bin/docker-compose");
    ls_parameter(p, "front", .title = "Where clients reach the service", .fallback = "http://127.0.0.1:8080");
    ls_parameter(p, "blue", .title = "Where the slot blue answers", .fallback = "http://127.0.0.1:8081");
    ls_parameter(p, "green", .title = "Where the slot green answers", .fallback = "http://127.0.0.1:8082");
    ls_parameter(p, "soak-seconds", .title = "How long both run after the switch", .fallback = "30");
    ls_parameter(p, "how", .title = "Side by side, or `down` first as the old runbook had it", .choices = LS_LIST("side-by-side", "down-first"),
                 .fallback = "side-by-side");

    ls_phase(p, "Pre-flight");
    ls_step(p, "present", "One slot serves, and the digest of its image is known", present);
    ls_step(p, "images", "Both images are on this machine, each known by its digest", images, .timeout = ls_minutes(10));

    ls_phase(p, "Release");
    ls_step(p, "start", "The new version runs in the idle slot", start, .undo = stop, .timeout = ls_minutes(3));
    ls_step(p, "healthy", "It is healthy", healthy, .timeout = ls_minutes(2));

    ls_phase(p, "Traffic");
    ls_step(p, "switch", "Clients reach the new version", switch_over, .undo = switch_back);
    ls_step(p, "verify", "It answers them", verify, .timeout = ls_minutes(2));
    ls_step(p, "soak", "It goes on doing so while the old one is kept", soak);
    ls_step(p, "retire", "The old version is stopped; its container and image stay", retire, .undo = bring_back, .timeout = ls_minutes(3));
}
