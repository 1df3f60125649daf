//! `random`: randomness as a journaled value.

use lockstep_model::request::RandomRequest;
use wasmtime::Result;

use crate::bindings::lockstep::contract::random;
use crate::context::Context;

use super::unexpected;

/// More are not given.
const MOST_BYTES: u32 = 4_096;

impl random::Host for Context {
    fn bytes(&mut self, count: u32) -> Result<Vec<u8>> {
        Ok(self.ask_surely("random.bytes", RandomRequest::Bytes { count: count.min(MOST_BYTES) })?.0)
    }

    fn uuid(&mut self) -> Result<String> {
        let bytes = self.ask_surely("random.uuid", RandomRequest::Uuid)?.0;
        let bytes: [u8; 16] = bytes.try_into().map_err(|_| unexpected("random.uuid"))?;
        let digits = format!("{:032x}", u128::from_be_bytes(bytes));
        Ok([&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"))
    }
}
