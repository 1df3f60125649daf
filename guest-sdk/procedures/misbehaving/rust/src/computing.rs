//! Guests that take the processor and the memory.

use lockstep::prelude::*;

use crate::{Mode, mode, nothing};

pub(crate) const MODES: &[Mode] = &[
    mode("nothing", nothing),
    mode("loop", |_| spin()),
    mode("memory", |_| hoard()),
    mode("copy-for-ever", |_| {
        // Each copy is one instruction to the fuel and a hundredth of a second to the clock.
        let mut bytes = vec![1_u8; 32 << 20];
        loop {
            bytes.copy_within(..16 << 20, 16 << 20);
            std::hint::black_box(&bytes);
        }
    }),
    mode("recursion", |_| {
        std::hint::black_box(deeper(0));
        Ok(())
    }),
    mode("panic", |_| panic!("on purpose, in a step")),
    mode("long-panic", |_| panic!("{}", "on purpose ".repeat(1_000_000))),
    mode("fail-after-an-effect", |_| {
        artifact::from_text("begun", "yes")?;
        bail!("after an effect")
    }),
    mode("loop-after-an-effect", |_| {
        artifact::from_text("begun", "yes")?;
        spin()
    }),
    Mode { how: "loop-in-undo", act: half_way, undo: |_| spin() },
    Mode { how: "panic-in-undo", act: half_way, undo: |_| panic!("on purpose, in an undo") },
    Mode { how: "memory-in-undo", act: half_way, undo: |_| hoard() },
    Mode {
        how: "call-forever-in-undo",
        act: half_way,
        undo: |_| loop {
            clock::now()?;
        },
    },
];

/// An effect, and then a failure: there is something to undo.
fn half_way(_: &Ctx) -> Result<()> {
    artifact::from_text("begun", "yes")?;
    bail!("half way")
}

fn spin() -> ! {
    loop {
        std::hint::black_box(0);
    }
}

/// Takes memory until there is none.
pub(crate) fn hoard() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&hoard);
    }
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn deeper(level: u64) -> u64 {
    std::hint::black_box(deeper(level + 1)) + 1
}
