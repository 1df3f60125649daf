//! The laws of a run, over written plans and over random ones: what holds wherever a host is stopped, whatever fails, and whatever its disk does.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]

mod disk;
mod draft;
mod far_side;
mod laws;
mod noting;
mod random;
mod standing;
mod trial;
mod written;
