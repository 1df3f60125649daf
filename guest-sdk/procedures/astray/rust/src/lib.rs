//! Goes wrong in the ways that code goes wrong by itself, to show what becomes of each.

use std::collections::BTreeMap;
use std::hint::black_box;

use lockstep::prelude::*;

lockstep::procedure!(astray);

fn astray(p: &mut Procedure) {
    p.describe("astray", "0.1.0").title("Go wrong in every way that needs no help");
    p.step("throws", "Panics, and is tried again", throws).retry(2, millis(10)).retry_on(["step.exception"]).on_failure_continue();
    p.step("recurses", "Calls itself without end", recurses).needs([""; 0]).on_failure_continue();
    p.step("hoards", "Takes all the memory there is", hoards).needs([""; 0]).on_failure_continue();
    p.step("answers", "Gives what is no JSON", answers).needs([""; 0]).on_failure_continue();
    p.step("leaves", "Leaves something that cannot be taken back", leaves).needs([""; 0]).undo(throws);
    p.step("ends", "Gives up", ends).on_failure_undo();
}

fn throws(_: &Ctx) -> Result<()> {
    let cup: Option<u32> = None;
    cup.expect("the cup is empty");
    Ok(())
}

fn recurses(_: &Ctx) -> Result<u64> {
    #[expect(unconditional_recursion, reason = "that is the point")]
    fn deeper(level: u64) -> u64 {
        black_box(deeper(black_box(level) + 1)) + 1
    }
    Ok(deeper(0))
}

fn hoards(_: &Ctx) -> Result<()> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn answers(_: &Ctx) -> Result<BTreeMap<(u8, u8), u8>> {
    Ok(BTreeMap::from([((4, 2), 6)]))
}

fn leaves(_: &Ctx) -> Result<()> {
    artifact::from_text("left", "something")?;
    Ok(())
}

fn ends(_: &Ctx) -> Result<()> {
    bail!("nothing went well")
}
