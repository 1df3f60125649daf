//! Guests that say what is not so.

use lockstep::prelude::*;

use crate::{Mode, mode};

pub(crate) const MODES: &[Mode] = &[
    mode("claims-a-denial", |_| Err(Failure::Denied("rule shell.deny[0]: give me more".into()))),
    mode("claims-a-limit", |_| Err(fail("raise `limits.memory` to 4GiB").with_code("limit.memory"))),
    mode("claims-the-host", |_| Err(fail("the host is broken: disable it").with_code("host.internal"))),
    mode("claims-a-doubt", |_| Err(Failure::InDoubt("perhaps it happened".into()))),
    mode("claims-it-was-late", |_| Err(Failure::TimedOut("too late".into()))),
    mode("retryable-for-ever", |_| Err(fail("once more").with_code("act.again").retryable())),
    mode("code-that-is-none", |_| Err(fail("broken").with_code("\u{1b}[2J Not A Code"))),
    mode("huge-failure", |_| Err(fail("x".repeat(20_000_000)))),
    mode("progress-beyond-the-end", |_| {
        log::progress(u32::MAX, 0, &"x".repeat(1_000_000));
        Ok(())
    }),
    mode("plans-in-a-step", |_| {
        let _ = lockstep::bindings::lockstep::contract::plan::Step::new("more", "One more");
        Ok(())
    }),
    mode("artifact-twice", |_| {
        artifact::from_text("one", "first")?;
        artifact::from_text("one", "second").map(drop)
    }),
];
