//! `wasi:io/streams`: standard output and error, which are log lines, and standard input, which is at its end.

use lockstep_model::request::LogLevel;
use wasmtime::component::{ComponentType, LinkerInstance, Lower, Resource};
use wasmtime::{Result, StoreContextMut};

use super::poll::Pollable;
use super::{Absent, Lines};
use crate::context::{Context, Kept, Mode};

type Store<'a> = StoreContextMut<'a, Context>;

/// How much may be written at once: as much as a library's buffer is wide. More is taken as well.
const PERMITTED: u64 = 64 << 10;

/// Standard input.
pub(super) struct Input;

/// Where something can be written to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Output {
    /// Standard output: for the operator.
    Out,
    /// Standard error: to look at.
    Err,
}

impl Kept for Input {}
impl Kept for Output {}

/// Why a stream gives nothing.
#[derive(ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[expect(dead_code, reason = "nothing fails here: what cannot be written down ends the attempt")]
    Failed(Resource<Absent>),
    #[component(name = "closed")]
    Closed,
}

/// Links the function when it is one of these.
pub(super) fn link(to: &mut LinkerInstance<'_, Context>, interface: &str, name: &str) -> Result<bool> {
    let ("io/streams", Some(method)) = (interface, name.strip_prefix("[method]")) else { return Ok(false) };
    match method {
        "input-stream.read" | "input-stream.blocking-read" => {
            to.func_wrap(name, |_: Store<'_>, _: (Resource<Input>, u64)| Ok((Err::<Vec<u8>, _>(StreamError::Closed),)))?;
        }
        "input-stream.skip" | "input-stream.blocking-skip" => {
            to.func_wrap(name, |_: Store<'_>, _: (Resource<Input>, u64)| Ok((Err::<u64, _>(StreamError::Closed),)))?;
        }
        "input-stream.subscribe" => to.func_wrap(name, |mut store: Store<'_>, _: (Resource<Input>,)| Ok((store.data_mut().keep(Pollable::Ready)?,)))?,
        "output-stream.check-write" => to.func_wrap(name, |_: Store<'_>, _: (Resource<Output>,)| Ok((Ok::<_, StreamError>(PERMITTED),)))?,
        "output-stream.write" | "output-stream.blocking-write-and-flush" => {
            to.func_wrap(name, |mut store: Store<'_>, (output, bytes): (Resource<Output>, Vec<u8>)| {
                let output = *store.data().kept(&output)?;
                store.data_mut().write(output, &bytes)?;
                Ok((Ok::<(), StreamError>(()),))
            })?;
        }
        "output-stream.flush" | "output-stream.blocking-flush" => {
            to.func_wrap(name, |_: Store<'_>, _: (Resource<Output>,)| Ok((Ok::<(), StreamError>(()),)))?;
        }
        "output-stream.subscribe" => to.func_wrap(name, |mut store: Store<'_>, _: (Resource<Output>,)| Ok((store.data_mut().keep(Pollable::Ready)?,)))?,
        _ => return Ok(false),
    }
    Ok(true)
}

impl Output {
    fn level(self) -> LogLevel {
        match self {
            Self::Out => LogLevel::Info,
            Self::Err => LogLevel::Warn,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Out => "wasi:cli/stdout",
            Self::Err => "wasi:cli/stderr",
        }
    }
}

impl Context {
    /// Says the lines that end in these bytes. A flush ends none: libraries flush as they please.
    fn write(&mut self, output: Output, mut bytes: &[u8]) -> Result<()> {
        if let Mode::Declaring(_) = self.mode {
            return Ok(());
        }
        while let Some(line) = self.lines(output).next(&mut bytes) {
            self.say(output.name(), output.level(), line, Vec::new())?;
        }
        Ok(())
    }

    /// Says what was written and not ended with a line: the guest has come to its end.
    pub(crate) fn end_lines(&mut self) -> Result<()> {
        for output in [Output::Out, Output::Err] {
            if let Some(line) = self.lines(output).end() {
                self.say(output.name(), output.level(), line, Vec::new())?;
            }
        }
        Ok(())
    }

    fn lines(&mut self, output: Output) -> &mut Lines {
        match output {
            Output::Out => &mut self.wasi.out,
            Output::Err => &mut self.wasi.err,
        }
    }
}
