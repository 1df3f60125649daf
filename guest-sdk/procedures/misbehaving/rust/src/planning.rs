//! Plans: of several steps, with texts that steer a terminal, and such as do not hold.

use lockstep::prelude::*;

use crate::nothing;

/// Turns what follows round. No control character: those are refused in a plan.
const TURNING: &str = "a \u{202e} b";
/// Clears a screen in two ways and turns what follows round.
const STEERING: &str = "a \u{1b}[2J \u{9b}2J \u{202e} b";

/// What is planned, by its name.
pub(crate) const PLANS: &[(&str, fn(&mut Procedure))] = &[
    ("denied-later", |p| {
        denied(p);
    }),
    ("denied-paused", |p| {
        denied(p).on_failure_pause();
    }),
    ("steering", |p| {
        p.phase(TURNING);
        p.step("act", TURNING, steer).about(TURNING);
    }),
    ("cyclic", |p| {
        p.step("a", "Needs b", nothing).needs(["b"]);
        p.step("b", "Needs a", nothing).needs(["a"]);
    }),
    ("duplicate", |p| {
        p.step("a", "One", nothing);
        p.step("a", "The same", nothing);
    }),
    ("needs-nobody", |p| {
        p.step("a", "Needs what is not there", nothing).needs(["elsewhere"]);
    }),
    ("huge-id", |p| {
        p.step("x".repeat(10_000_000), "A name of 10 MB", nothing);
    }),
    ("escapes-in-a-title", |p| {
        p.step("a", "\u{1b}[2J\u{1b}[1;1Hsucceeded", nothing);
    }),
    ("many-steps", |p| {
        for number in 0..1_001 {
            p.step(format!("step-{number}"), "One of too many", nothing);
        }
    }),
    ("slow-circle", |p| {
        // Each step needs the ones after it, the last of them last, and the first needs itself: as much to look at as a plan can give.
        for number in 0_u32..1_000 {
            let after = (number + 1..1_000).take(63).rev().map(|number| format!("step-{number}"));
            let itself = (number == 0).then(|| "step-0".to_owned());
            p.step(format!("step-{number}"), "Needs the next ones", nothing).needs(after.chain(itself));
        }
    }),
    ("panic-in-plan", |_| panic!("on purpose, in the plan")),
    ("call-in-plan", |p| {
        let _ = clock::now();
        p.step("a", "Never reached", nothing);
    }),
    ("loop-in-plan", |_| {
        loop {
            std::hint::black_box(0);
        }
    }),
    ("memory-in-plan", |_| crate::computing::hoard()),
];

/// Leaves a file behind, and asks for what may not be granted.
fn denied(p: &mut Procedure) -> &mut lockstep::Step {
    p.step("write", "Leaves a file behind", write).undo(|_| files::remove("/box/left"));
    p.step("act", "Asks for what may not be granted", ask)
}

fn write(_: &Ctx) -> Result<()> {
    files::write_text("/box/left", "here")?;
    info!("wrote it");
    Ok(())
}

fn ask(_: &Ctx) -> Result<()> {
    shell::command("/usr/bin/env").run()?.expect_success()?;
    info!("asked for it");
    Ok(())
}

fn steer(_: &Ctx) -> Result<()> {
    info!("{STEERING}");
    warn!("{STEERING}");
    bail!("{STEERING}");
}
