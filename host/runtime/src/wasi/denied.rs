//! Every function of WASI that is not offered: calling it ends the attempt with its name.

use lockstep_model::Failure;
use wasmtime::Result;
use wasmtime::component::LinkerInstance;

use crate::context::Context;
use crate::ended::Ended;
use crate::shown::shown;

/// Links the denial, whatever the function's parameters and result are.
pub(super) fn link(to: &mut LinkerInstance<'_, Context>, interface: &str, name: &str) -> Result<()> {
    let plain = name.rsplit(']').next().unwrap_or(name);
    let function = format!("wasi:{interface}.{}", shown(plain));
    to.func_new(name, move |_, _, _, _| {
        let text = format!("the procedure calls `{function}`: WASI is virtual here and has no such thing, use what the contract offers in its place");
        Err(Ended::Failed(Failure::problem("wasi.denied", text)).into())
    })
}
