//! The engine with a scripted procedure and a fake world: what runs do, and what their journals say.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]

mod life;
mod side_by_side;
mod standing;
mod world;
