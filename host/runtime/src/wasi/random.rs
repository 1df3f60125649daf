//! `wasi:random`: the run's randomness, a journaled value each time. What WASI calls insecure is no worse than the rest: none of it is for keys.

use lockstep_model::request::RandomRequest;
use lockstep_model::{Digest, Failure};
use wasmtime::component::LinkerInstance;
use wasmtime::{Result, StoreContextMut};

use crate::context::{Context, Mode};
use crate::ended::Ended;
use crate::host::unexpected;

type Store<'a> = StoreContextMut<'a, Context>;

/// The most bytes of one call, sixteen times as many as a record has: WASI's functions must give all that they are asked for.
const MOST_BYTES: u64 = 65_536;
/// The most bytes of one record.
const MOST_A_RECORD: u32 = 4_096;

/// Links the function when it is one of these.
pub(super) fn link(to: &mut LinkerInstance<'_, Context>, interface: &str, name: &str) -> Result<bool> {
    match (interface, name) {
        ("random/random", "get-random-bytes") | ("random/insecure", "get-insecure-random-bytes") => {
            to.func_wrap(name, |mut store: Store<'_>, (count,): (u64,)| Ok((store.data_mut().random(count)?,)))?;
        }
        ("random/random", "get-random-u64") | ("random/insecure", "get-insecure-random-u64") => {
            to.func_wrap(name, |mut store: Store<'_>, (): ()| Ok((store.data_mut().random_number()?,)))?;
        }
        ("random/insecure-seed", "insecure-seed") => to.func_wrap(name, |mut store: Store<'_>, (): ()| {
            let context = store.data_mut();
            Ok(((context.random_number()?, context.random_number()?),))
        })?,
        _ => return Ok(false),
    }
    Ok(true)
}

impl Context {
    fn random_number(&mut self) -> Result<u64> {
        let bytes: [u8; 8] = self.random(8)?.try_into().map_err(|_| unexpected("random.bytes"))?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// So many bytes.
    fn random(&mut self, count: u64) -> Result<Vec<u8>> {
        if count > MOST_BYTES {
            let text = format!("the procedure asks WASI for {count} random bytes at once, at most {MOST_BYTES}");
            return Err(Ended::Failed(Failure::fixed_limit("wasi.limit", text)).into());
        }
        // At most 65,536, as was just seen.
        let mut left = count as u32;
        let mut bytes = Vec::with_capacity(left as usize);
        while left > 0 {
            let part = left.min(MOST_A_RECORD);
            bytes.extend(self.random_part(part)?);
            left -= part;
        }
        Ok(bytes)
    }

    fn random_part(&mut self, count: u32) -> Result<Vec<u8>> {
        if let Mode::Attempt(_) = self.mode {
            let bytes = self.ask_surely("wasi:random/random.get-random-bytes", RandomRequest::Bytes { count })?.0;
            return if bytes.len() == count as usize { Ok(bytes) } else { Err(unexpected("random.bytes")) };
        }
        let drawn = &mut self.wasi.drawn;
        let mut bytes = Vec::new();
        while bytes.len() < count as usize {
            *drawn += 1;
            bytes.extend_from_slice(&Digest::of(format!("lockstep: not random {drawn}").as_bytes()).0);
        }
        bytes.truncate(count as usize);
        Ok(bytes)
    }
}
