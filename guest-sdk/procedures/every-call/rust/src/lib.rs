//! Makes every call of the contract with values that are easy to get wrong, and meets what each refuses.

mod cluster;
mod far;
mod kept;
mod moved;
mod stored;

use lockstep::prelude::*;

lockstep::procedure!(every_call);

/// Nothing, more than ASCII, what JSON has to escape and what it has not, and what looks like a number.
const ODD: [&str; 5] = ["", "ü € 𝄞", "a \"quoted\" \\ and\ttabbed\nline", "\u{1}\u{c}\u{7f}\u{2028}", "-9223372036854775808"];

fn every_call(p: &mut Procedure) {
    p.describe("every-call", "0.1.0").title("Make every call");
    p.parameter("odd").title("An odd value").fallback("ü \"and\" more").choices(["ü \"and\" more", "plain"]);
    p.parameter("least").title("The least number of 64 bits").fallback(i64::MIN);
    p.parameter("most").title("The largest number of 64 bits").fallback(i64::MAX);
    p.phase("Here");
    p.step("told", "What the run knows", told).about("Everything that the host alone answers").expected(secs(5)).timeout(minutes(1)).on_failure_pause();
    p.step("numbers", "Whole numbers to the last digit", numbers);
    p.step("kept", "Files and artifacts", kept::keep).undo(kept::remove).retry_up_to(2, millis(10), secs(1)).retry_on(["files.io"]).on_failure_undo();
    p.phase("There");
    p.step("asked", "Requests", far::ask).undo(far::forget).needs(["told", "numbers", "kept"]).on_failure_undo();
    p.step("stored", "Stores and databases", stored::store);
    p.step("moved", "Backups and migrations", moved::forward).undo(moved::back);
    p.step("cluster", "Objects of a cluster", cluster::change).undo(cluster::put_back);
    p.step("ran", "Programs", far::run).irreversible();
    p.step("alone", "Needs nothing", |_: &Ctx| Ok(())).needs([""; 0]).on_failure_continue();
}

/// Says how something was refused.
fn refused<T>(what: &str, result: Result<T>) {
    match result {
        Ok(_) => info!("{what}: not refused"),
        Err(failure) => info!("{what}: {}", failure.code()),
    }
}

fn told(ctx: &Ctx) -> Result<Vec<&'static str>> {
    for odd in ODD {
        info!("{odd}");
        ctx.remember("odd", odd)?;
        ensure!(ctx.recall::<String>("odd")?.as_deref() == Some(odd), "{odd} was not kept as it is");
    }
    ctx.remember("nul", "a\0b")?;
    debug!("{} {} {}", ctx.step(), ctx.attempt(), ctx.environment());
    warn!("{} {}", ctx.run_id(), ctx.idempotency_key());
    error!("{}", ctx.parameter::<String>("odd")?);
    log::progress(1, 2, "half");
    let before = clock::now()?;
    clock::pause(millis(5))?;
    clock::sleep(secs(2))?;
    clock::sleep_until("2026-01-05T09:00:00Z".parse()?)?;
    ensure!(clock::now()? > before, "time stands still");
    info!("{} {}", random::uuid(), random::bytes(5_000).len());
    refused("a key that is too long", ctx.remember(&"k".repeat(65), 1));
    refused("a sleep that is too long", clock::sleep(minutes(600_000)));
    refused("a parameter that is not declared", ctx.parameter::<String>("none"));
    refused("an output that is not there", ctx.output::<String>("ran"));
    Ok(ODD.to_vec())
}

fn numbers(ctx: &Ctx) -> Result<[i64; 2]> {
    Ok([ctx.parameter("least")?, ctx.parameter("most")?])
}
