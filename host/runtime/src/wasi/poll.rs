//! `wasi:io/poll`: waiting for the clock. Everything else is ready at once, since none of it waits for anything.

use wasmtime::component::{LinkerInstance, Resource};
use wasmtime::{Result, StoreContextMut, bail};

use crate::context::{Context, Kept};

type Store<'a> = StoreContextMut<'a, Context>;

/// What can be waited for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pollable {
    /// A stream, which never makes anyone wait.
    Ready,
    /// An instant of the monotonic clock, in nanoseconds.
    At(u64),
}

impl Kept for Pollable {}

impl Pollable {
    /// When it is ready.
    fn instant(self) -> u64 {
        match self {
            Self::Ready => 0,
            Self::At(instant) => instant,
        }
    }
}

/// Links the function when it is one of these.
pub(super) fn link(to: &mut LinkerInstance<'_, Context>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("io/poll", "[method]pollable.ready") => to.func_wrap(name, |mut store: Store<'_>, (one,): (Resource<Pollable>,)| {
            let instant = store.data().kept(&one)?.instant();
            Ok((instant == 0 || instant <= store.data_mut().monotonic()?,))
        })?,
        ("io/poll", "[method]pollable.block") => to.func_wrap(name, |mut store: Store<'_>, (one,): (Resource<Pollable>,)| {
            let pollable = *store.data().kept(&one)?;
            first(store.data_mut(), &[pollable]).map(|_| ())
        })?,
        ("io/poll", "poll") => to.func_wrap(name, |mut store: Store<'_>, (all,): (Vec<Resource<Pollable>>,)| {
            let all = all.iter().map(|one| store.data().kept(one).copied()).collect::<Result<Vec<_>>>()?;
            Ok((first(store.data_mut(), &all)?,))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Waits for the first of them and gives the places of those that are ready then.
fn first(context: &mut Context, all: &[Pollable]) -> Result<Vec<u32>> {
    let Some(earliest) = all.iter().map(|one| one.instant()).min() else { bail!("`wasi:io/poll.poll` has nothing to wait for") };
    if earliest > 0 {
        context.wait_until(earliest)?;
    }
    let reached = context.wasi.latest.max(earliest);
    Ok((0_u32..).zip(all).filter(|(_, one)| one.instant() <= reached).map(|(place, _)| place).collect())
}
