//! `wasi:cli`: nothing to start with, two streams that are log lines, one that is at its end, no terminal, and an exit that is a failure.

use lockstep_model::Failure;
use wasmtime::component::{LinkerInstance, Resource};
use wasmtime::{Result, StoreContextMut};

use super::Absent;
use super::streams::{Input, Output};
use crate::context::Context;
use crate::ended::Ended;

type Store<'a> = StoreContextMut<'a, Context>;

/// Links the function when it is one of these.
pub(super) fn link(to: &mut LinkerInstance<'_, Context>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("cli/environment", "get-environment") => to.func_wrap(name, |_: Store<'_>, (): ()| Ok((Vec::<(String, String)>::new(),)))?,
        ("cli/environment", "get-arguments") => to.func_wrap(name, |_: Store<'_>, (): ()| Ok((Vec::<String>::new(),)))?,
        ("cli/environment", "initial-cwd") => to.func_wrap(name, |_: Store<'_>, (): ()| Ok((None::<String>,)))?,
        ("cli/stdin", "get-stdin") => to.func_wrap(name, |mut store: Store<'_>, (): ()| Ok((store.data_mut().keep(Input)?,)))?,
        ("cli/stdout", "get-stdout") => to.func_wrap(name, |mut store: Store<'_>, (): ()| Ok((store.data_mut().keep(Output::Out)?,)))?,
        ("cli/stderr", "get-stderr") => to.func_wrap(name, |mut store: Store<'_>, (): ()| Ok((store.data_mut().keep(Output::Err)?,)))?,
        ("cli/terminal-stdin" | "cli/terminal-stdout" | "cli/terminal-stderr", _) => {
            to.func_wrap(name, |_: Store<'_>, (): ()| Ok((None::<Resource<Absent>>,)))?;
        }
        ("cli/exit", "exit") => {
            to.func_wrap(name, |mut store: Store<'_>, (status,): (Result<(), ()>,)| exit(store.data_mut(), if status.is_ok() { 0 } else { 1 }))?;
        }
        ("cli/exit", "exit-with-code") => to.func_wrap(name, |mut store: Store<'_>, (code,): (u8,)| exit(store.data_mut(), code))?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The end of the attempt, whatever the code: what became of a step is what its function gives, and here it gives nothing.
fn exit(context: &mut Context, code: u8) -> Result<()> {
    context.end_lines()?;
    let text = format!("the procedure has exited with {code} instead of returning from its function");
    Err(Ended::Failed(Failure::problem("wasi.exit", text)).into())
}
