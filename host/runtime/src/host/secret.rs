//! `secret`: handles. No value passes here: a guest gets the marker, the gate puts the value in at the destination.

use lockstep_model::Failure;
use lockstep_model::request::SecretRequest;
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::lockstep::contract::secret;
use crate::context::{Context, Kept};
use crate::ended::Refusal;

/// No grant declares a longer id; what is longer is refused before it becomes a record.
const LONGEST_ID: usize = 256;

/// A secret that the run has.
pub struct Handle {
    id: String,
}

impl Kept for Handle {
    fn size(&self) -> usize {
        self.id.len()
    }
}

impl secret::Host for Context {
    fn by_id(&mut self, id: String) -> Result<Resource<Handle>, Refusal> {
        self.gate("secret.by-id")?;
        if id.len() > LONGEST_ID {
            return Err(Failure::problem("secret.missing", format!("an id of {} bytes: no secret has one of more than {LONGEST_ID}", id.len())).into());
        }
        self.ask("secret.by-id", SecretRequest { id: id.clone() })?;
        Ok(self.keep(Handle { id })?)
    }
}

impl secret::HostValue for Context {
    fn id(&mut self, value: Resource<Handle>) -> Result<String> {
        Ok(self.kept(&value)?.id.clone())
    }

    fn marker(&mut self, value: Resource<Handle>) -> Result<String> {
        let handle = self.kept(&value)?;
        Ok(self.gate("secret.value.marker")?.marker(&handle.id))
    }

    fn drop(&mut self, value: Resource<Handle>) -> Result<()> {
        self.forget(value)
    }
}
