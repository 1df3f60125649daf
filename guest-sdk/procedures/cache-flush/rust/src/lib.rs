//! Flushes a cache by what its keys begin with: counted, bounded, and without a way to reach the sessions and queues beside it.

use lockstep::prelude::*;

lockstep::procedure!(cache_flush);

fn cache_flush(p: &mut Procedure) {
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

fn look(ctx: &Ctx) -> Result<usize> {
    let store = redis::open("cache")?;
    ensure!(store.ping()? < secs(1), "the store is slow already");
    let found = store.scan(ctx.parameter::<String>("prefix")?, ctx.parameter("most")?)?;
    let keys = found.keys().len();
    info!("{keys} keys to flush; the slowest round trip took {} µs", found.slowest().as_micros());
    Ok(keys)
}

fn flush(ctx: &Ctx) -> Result<u32> {
    let store = redis::open("cache")?;
    if ctx.parameter::<String>("how")? == "everything" {
        store.run(["FLUSHDB"])?;
        return Ok(0);
    }
    store.delete_by_prefix(ctx.parameter::<String>("prefix")?, ctx.parameter("most")?)
}

fn verify(ctx: &Ctx) -> Result<()> {
    let store = redis::open("cache")?;
    store.scan(ctx.parameter::<String>("prefix")?, 0).map_err(|failure| failure.context("keys are there again").retryable())?;
    ensure!(store.ping()? < secs(1), "the store is slow");
    Ok(())
}
