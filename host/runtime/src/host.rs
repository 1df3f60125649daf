//! The host's side of the contract, one module per interface: WIT value to request, through the gate, response to WIT value.
//!
//! A module checks what a guest passes and converts. It has no branch for replay, grant or audit: those are the gate's.

#![expect(unreachable_pub, reason = "the bindings re-export the types of resources, and Rust lets only `pub` be re-exported")]

pub(crate) mod artifact;
mod clock;
pub(crate) mod db;
mod files;
pub(crate) mod http;
pub(crate) mod kube;
mod log;
pub(crate) mod plan;
pub(crate) mod probe;
mod random;
pub(crate) mod redis;
mod run;
pub(crate) mod secret;
pub(crate) mod shell;
mod text;
pub(crate) mod types;

use lockstep_model::Failure;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::Everything;
use crate::context::Context;
use crate::ended::Ended;

/// Links every interface of the contract. A component gets those it imports, and what it imports the grant has allowed before.
pub(crate) fn link(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    Everything::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)
}

/// A gate that answers a question with the answer to another is wrong, and so is going on.
pub(crate) fn unexpected(function: &str) -> wasmtime::Error {
    Ended::Failed(Failure::problem("host.internal", format!("the host answered `{function}` with something else"))).into()
}
