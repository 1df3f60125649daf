// Flushes a cache by what its keys begin with: counted, bounded, and without a way to reach the sessions and queues beside it.

import { type Ctx, ensure, LockstepError, log, type Procedure, redis, secs } from "lockstep-sdk";

export default function cacheFlush(p: Procedure): void {
    p.describe("cache-flush", "0.1.0").title("Flush the application's cache");
    p.parameter("prefix").title("What the keys begin with").fallback("app:cache:");
    p.parameter("most").title("Keys that there may be at most").fallback(100_000);
    p.parameter("how").title("By prefix, or everything as the old runbook did").choices(["prefix", "everything"]).fallback("prefix");

    p.phase("Pre-flight");
    p.step("look", "The store answers, and has no more keys than expected", look).retry(3, secs(1));
    p.phase("Flush");
    p.step("flush", "The keys are gone", flush);
    p.step("verify", "None is left, and the store answers", verify).retry(3, secs(1));
}

function look(ctx: Ctx): number {
    const store = redis.open("cache");
    ensure(store.ping().milliseconds < 1_000, "the store is slow already");
    const found = store.scan(ctx.parameter("prefix"), ctx.parameter("most", Number));
    const keys = found.keys().length;
    log.info(`${keys} keys to flush; the slowest round trip took ${found.slowest().milliseconds * 1_000} µs`);
    return keys;
}

function flush(ctx: Ctx): number {
    const store = redis.open("cache");
    if (ctx.parameter("how") === "everything") {
        store.run(["FLUSHDB"]);
        return 0;
    }
    return store.deleteByPrefix(ctx.parameter("prefix"), ctx.parameter("most", Number));
}

function verify(ctx: Ctx): void {
    const store = redis.open("cache");
    try {
        store.scan(ctx.parameter("prefix"), 0);
    } catch (failure) {
        throw failure instanceof LockstepError ? failure.context("keys are there again").retryable() : failure;
    }
    ensure(store.ping().milliseconds < 1_000, "the store is slow");
}
