//! Components by hand, for what no compiler would make: wrong pointers, wrong cases, forged handles, allocators that lie, modules by the hundred.

mod abi;
mod declaring;
mod resources;
mod sizes;
mod wasi;

use crate::cases::{Case, End, Guest as Source};

const fn component(name: &'static str, limits: &'static str, make: fn() -> Vec<u8>, end: End) -> Case {
    Case { name, guest: Source::Component(make), limits, end }
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    [declaring::CASES, abi::CASES, resources::CASES, sizes::CASES, wasi::CASES].into_iter().flatten()
}
