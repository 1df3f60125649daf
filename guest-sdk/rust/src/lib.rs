//! Write a Lockstep procedure that reads like the runbook it replaces.
//!
//! One function declares everything: what the procedure is called, what it must be told, and its steps, each a function beside its undo.
//! The host calls that function on a fresh instance whenever it wants to describe, plan, run a step or undo one, so nothing has to be said twice.
//!
//! ```no_run
//! use lockstep::prelude::*;
//!
//! lockstep::procedure!(restart);
//!
//! fn restart(p: &mut Procedure) {
//!     p.describe("restart", "0.1.0").title("Restart the shop and see that it serves");
//!     p.parameter("url").title("Where the shop answers").fallback("http://127.0.0.1:8080");
//!
//!     p.phase("Pre-flight");
//!     p.step("look", "The shop is healthy before we touch it", healthy);
//!     p.phase("Restart");
//!     p.step("restart", "Restart the shop", restart_it).timeout(minutes(2));
//!     p.step("verify", "The shop is healthy again", verify).retry(3, secs(1));
//! }
//!
//! fn healthy(ctx: &Ctx) -> Result<()> {
//!     let url: String = ctx.parameter("url")?;
//!     http::get(format!("{url}/health")).send()?.expect_status(200)?.expect_json("/status", "ok")?;
//!     Ok(())
//! }
//!
//! fn restart_it(_: &Ctx) -> Result<()> {
//!     shell::command("/usr/bin/systemctl").args(["restart", "shop"]).idempotent().run()?.expect_success()?;
//!     Ok(())
//! }
//!
//! fn verify(ctx: &Ctx) -> Result<()> {
//!     within(secs(30)).every(millis(500)).until(|| healthy(ctx))
//! }
//! ```
//!
//! # Failures
//!
//! Every capability gives a [`Result`], and `?` works on all of them and on the errors of other crates. Assertions (`expect_status`,
//! `expect_success`, `expect_json`, [`ensure!`]) say what was expected, what was found, and where. A panic is a failure as well, with the code
//! `step.exception` and its place, but nothing is dropped on the way and it is not retried: a [`Result`] is always the better way to stop.
//!
//! # Values between steps
//!
//! A step returns anything that `serde` can write: a number, a `String`, a struct of your own. For the latter put `serde` beside the SDK in
//! your `Cargo.toml` and derive `Serialize` and `Deserialize`, which the prelude brings; or leave `serde` out and write
//! `#[serde(crate = "lockstep::serde")]` below the derive.
//!
//! # Rules to keep
//!
//! - While [`Procedure`] is declared nothing may be asked of the world: read parameters with [`Procedure::value`], do the rest in steps.
//! - A step shares nothing with another in memory. Return what later steps need, and read it with [`Ctx::output`].
//! - An undo may meet a step that stopped half-way. [`Ctx::remember`] what you are about to make, and look before you remove.

// Here and not in Cargo.toml, because tests may.
#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod artifact;
#[doc(hidden)]
pub mod bindings;
pub mod clock;
mod ctx;
pub mod db;
#[doc(hidden)]
pub mod entry;
mod failure;
pub mod files;
pub mod http;
mod json;
pub mod kube;
pub mod log;
pub mod migrate;
mod probe;
mod procedure;
pub mod random;
pub mod redis;
pub mod secret;
pub mod shell;
mod step;
pub mod testing;
pub mod units;
mod within;

pub use ctx::Ctx;
pub use failure::{Context, Failure, Problem, Result, codes, fail};
pub use probe::Probe;
pub use procedure::{Description, Parameter, Procedure};
pub use serde;
pub use serde_json;
pub use serde_json::json;
pub use step::Step;
pub use within::{During, Within, during, within};

/// All that a procedure usually needs: `use lockstep::prelude::*;`.
pub mod prelude {
    pub use crate::artifact::{self, Artifact};
    pub use crate::clock::{self, Timestamp};
    pub use crate::secret::{self, Secret};
    pub use crate::units::{gib, kib, mib, millis, minutes, secs};
    pub use crate::{Context, Ctx, Failure, Probe, Procedure, Result, during, fail, within};
    pub use crate::{bail, debug, ensure, error, info, json, warn};
    pub use crate::{db, files, http, kube, log, random, redis, shell};
    pub use serde::{Deserialize, Serialize};
}
