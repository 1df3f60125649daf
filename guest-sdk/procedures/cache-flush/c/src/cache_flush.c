// Flushes a cache by what its keys begin with: counted, bounded, and without a way to reach the sessions and queues beside it.
#include <lockstep.h>

#include <string.h>

// The store, what the keys begin with, and how many there may be.
typedef struct {
    ls_store store;
    ls_bytes prefix;
    uint32_t most;
} asked;

static ls_result ask(const ls_ctx *ctx, asked *asked) {
    LS_TRY(ls_redis_open("cache", &asked->store));
    const char *prefix;
    int64_t most;
    LS_TRY(ls_ctx_parameter(ctx, "prefix", &prefix));
    LS_TRY(ls_ctx_parameter_number(ctx, "most", &most));
    asked->prefix = ls_bytes_of(prefix);
    asked->most = (uint32_t)most;
    return ls_done();
}

// Fails unless the store answers soon.
static ls_result answers(const ls_store *store, const char *otherwise) {
    uint32_t took;
    LS_TRY(ls_store_ping(store, &took));
    LS_ENSURE(took < 1000000, "%s", otherwise);
    return ls_done();
}

static ls_result look(const ls_ctx *ctx) {
    asked of;
    ls_scanned found;
    LS_TRY(ask(ctx, &of));
    LS_TRY(answers(&of.store, "the store is slow already"));
    LS_TRY(ls_store_scan(&of.store, of.prefix, of.most, &found));
    ls_info("%zu keys to flush; the slowest round trip took %u µs", found.count, (unsigned)found.slowest);
    return ls_number((int64_t)found.count);
}

static ls_result flush(const ls_ctx *ctx) {
    asked of;
    const char *how;
    LS_TRY(ask(ctx, &of));
    LS_TRY(ls_ctx_parameter(ctx, "how", &how));
    if (!strcmp(how, "everything")) {
        ls_reply reply;
        LS_TRY(ls_store_run(&of.store, LS_LIST("FLUSHDB"), &reply));
        return ls_number(0);
    }
    uint32_t deleted;
    LS_TRY(ls_store_delete_by_prefix(&of.store, of.prefix, of.most, &deleted));
    return ls_number(deleted);
}

static ls_result verify(const ls_ctx *ctx) {
    asked of;
    ls_scanned found;
    LS_TRY(ask(ctx, &of));
    LS_TRY(ls_retryable(ls_context(ls_store_scan(&of.store, of.prefix, 0, &found), "keys are there again")));
    return answers(&of.store, "the store is slow");
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "cache-flush", "0.1.0", .title = "Flush the application's cache");
    ls_parameter(p, "prefix", .title = "What the keys begin with", .fallback = "app:cache:");
    ls_parameter(p, "most", .title = "Keys that there may be at most", .fallback = "100000");
    ls_parameter(p, "how", .title = "By prefix, or everything as the old runbook did", .fallback = "prefix", .choices = LS_LIST("prefix", "everything"));

    ls_phase(p, "Pre-flight");
    ls_step(p, "look", "The store answers, and has no more keys than expected", look, .retry = {3, ls_secs(1)});
    ls_phase(p, "Flush");
    ls_step(p, "flush", "The keys are gone", flush);
    ls_step(p, "verify", "None is left, and the store answers", verify, .retry = {3, ls_secs(1)});
}
