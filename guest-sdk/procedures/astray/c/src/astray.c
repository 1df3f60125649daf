// Goes wrong in the ways that code goes wrong by itself, to show what becomes of each.
#include <assert.h>
#include <lockstep.h>
#include <string.h>

static ls_result throws(const ls_ctx *ctx) {
    (void)ctx;
    assert(!"the cup is empty");
    return ls_done();
}

// It is meant to have no end. The level has an address, so that no compiler makes a loop of it.
#pragma clang diagnostic ignored "-Winfinite-recursion"
static int64_t deeper(volatile int64_t *level) {
    volatile int64_t next = *level + 1;
    return deeper(&next) + next;
}

static ls_result recurses(const ls_ctx *ctx) {
    (void)ctx;
    volatile int64_t level = 0;
    return ls_number(deeper(&level));
}

static ls_result hoards(const ls_ctx *ctx) {
    (void)ctx;
    for (;;) memset(ls_alloc(1 << 20), 1, 1 << 20);
}

static ls_result answers(const ls_ctx *ctx) {
    (void)ctx;
    return ls_json("\"half a te");
}

static ls_result leaves(const ls_ctx *ctx) {
    (void)ctx;
    ls_artifact left;
    return ls_artifact_from_text("left", "something", &left);
}

static ls_result ends(const ls_ctx *ctx) {
    (void)ctx;
    return ls_fail("nothing went well");
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "astray", "0.1.0", .title = "Go wrong in every way that needs no help");
    ls_step(p, "throws", "Panics, and is tried again", throws, .retry = {2, ls_millis(10)}, .retry_on = LS_LIST("step.exception"), .on_failure = LS_CONTINUE);
    ls_step(p, "recurses", "Calls itself without end", recurses, .needs = LS_NONE, .on_failure = LS_CONTINUE);
    ls_step(p, "hoards", "Takes all the memory there is", hoards, .needs = LS_NONE, .on_failure = LS_CONTINUE);
    ls_step(p, "answers", "Gives what is no JSON", answers, .needs = LS_NONE, .on_failure = LS_CONTINUE);
    ls_step(p, "leaves", "Leaves something that cannot be taken back", leaves, .needs = LS_NONE, .undo = throws);
    ls_step(p, "ends", "Gives up", ends, .on_failure = LS_UNDO);
}
