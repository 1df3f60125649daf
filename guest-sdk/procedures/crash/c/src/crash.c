// Reserves a room, and takes the reservation back unless the inn confirms it: a call of each kind for a crash to happen in.
#include <lockstep.h>

static ls_result look(const ls_ctx *ctx) {
    const char *inn, *price;
    LS_TRY(ls_ctx_parameter(ctx, "inn", &inn));
    const ls_response *room;
    LS_TRY(ls_http_send(ls_http_get(ls_format("%s/rooms/7", inn)), &room));
    LS_TRY(ls_expect_json(room, "/free", "true"));
    LS_TRY(ls_json_at(room->origin, ls_response_text(room), "/price", &price));
    return ls_json(price);
}

static ls_result note(const ls_ctx *ctx) {
    const char *price;
    LS_TRY(ls_ctx_output(ctx, "look", &price));
    return ls_files_write_text("/desk/note", ls_format("room 7 for %s", price));
}

static ls_result forget(const ls_ctx *ctx) {
    (void)ctx;
    return ls_files_remove("/desk/note");
}

// The inn keeps a reservation under the key that the host sends with it. It is remembered first, so that the undo finds it whatever happens.
static ls_result reserve(const ls_ctx *ctx) {
    const char *inn;
    LS_TRY(ls_ctx_parameter(ctx, "inn", &inn));
    const char *place = ls_format("%s/reservations/%s", inn, ls_ctx_idempotency_key(ctx));
    LS_TRY(ls_ctx_remember(ctx, "place", ls_json_text(place)));
    ls_probe *made = ls_probe_http(place);
    ls_probe_happened(made, 200);
    ls_probe_json(made, "/state", "made");
    ls_probe_did_not(made, 404);
    ls_request *request = ls_http_post(ls_format("%s/reservations", inn));
    ls_http_json(request, "{\"room\":7}");
    ls_http_probe(request, made);
    const ls_response *answer;
    LS_TRY(ls_http_send(request, &answer));
    LS_TRY(ls_expect_success(answer));
    return ls_text(place);
}

static ls_result cancel(const ls_ctx *ctx) {
    const char *kept = ls_ctx_recall(ctx, "place"), *place;
    if (!kept) return ls_done();
    LS_TRY(ls_json_text_at("what was remembered", kept, "", &place));
    const ls_response *answer;
    LS_TRY(ls_http_send(ls_http_delete(place), &answer));
    return ls_expect_success(answer);
}

static ls_result wait(const ls_ctx *ctx) {
    (void)ctx;
    return ls_clock_sleep(ls_minutes(60));
}

static ls_result confirm(const ls_ctx *ctx) {
    const char *place;
    LS_TRY(ls_ctx_output_text(ctx, "reserve", "", &place));
    const ls_response *reservation;
    LS_TRY(ls_http_send(ls_http_get(place), &reservation));
    return ls_expect_json(reservation, "/confirmed", "true");
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "crash", "0.1.0", .title = "Reserve a room, and take it back unless it is confirmed");
    ls_parameter(p, "inn", .title = "Where the inn answers");
    ls_step(p, "look", "The room is free", look);
    ls_step(p, "note", "The desk has a note", note, .undo = forget, .on_failure = LS_UNDO);
    ls_step(p, "reserve", "The room is reserved", reserve, .undo = cancel, .on_failure = LS_UNDO);
    ls_step(p, "wait", "An hour has passed", wait);
    ls_step(p, "confirm", "The inn has confirmed", confirm, .on_failure = LS_UNDO);
}
