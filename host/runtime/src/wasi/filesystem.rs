//! `wasi:filesystem`: no directory is open, so that there is nothing to open a file from.

use wasmtime::component::{LinkerInstance, Resource, Val};
use wasmtime::{Result, StoreContextMut};

use super::Absent;
use crate::context::Context;

/// Links the function when it is one of these.
pub(super) fn link(to: &mut LinkerInstance<'_, Context>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("filesystem/preopens", "get-directories") => {
            to.func_wrap(name, |_: StoreContextMut<'_, Context>, (): ()| Ok((Vec::<(Resource<Absent>, String)>::new(),)))?;
        }
        // What a stream failed with is never of a file.
        ("filesystem/types", "filesystem-error-code") => to.func_new(name, |_, _, _, results| {
            if let Some(result) = results.first_mut() {
                *result = Val::Option(None);
            }
            Ok(())
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}
