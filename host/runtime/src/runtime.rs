//! The machinery that all procedures of a process share: one engine, one linker, one cache, one ticker.

use std::path::PathBuf;
use std::sync::Arc;

use lockstep_api::{lines, sections};
use lockstep_model::Digest;
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::bindings::EverythingPre;
use crate::cache::Cache;
use crate::context::Context;
use crate::host;
use crate::limits::Limits;
use crate::load::{LoadError, Manifest, check_header};
use crate::machine;
use crate::procedure::{LoadedProcedure, Origin};
use crate::ticker::Ticker;
use crate::wasi;

/// What may be chosen about a runtime. How guests run is not among it.
#[derive(Debug, Clone, Default)]
pub struct RuntimeOptions {
    /// Where compiled code is kept, in a private directory below it. None: nowhere.
    pub cache_dir: Option<PathBuf>,
}

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// wasmtime does not run here.
    #[error("cannot start the WebAssembly engine: {0}")]
    Engine(String),
}

/// Loads procedures. A clone is the same runtime.
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

/// What a loaded procedure needs of its runtime.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) ticker: Ticker,
    linker: Linker<Context>,
    cache: Option<Cache>,
}

impl Runtime {
    /// Starts the engine. A cache that cannot be used is said to the log and done without.
    ///
    /// # Errors
    /// When the engine does not run on this machine.
    pub fn new(options: RuntimeOptions) -> Result<Self, RuntimeError> {
        let failed = |error: wasmtime::Error| RuntimeError::Engine(format!("{error:#}"));
        let engine = machine::engine().map_err(failed)?;
        let mut linker = Linker::new(&engine);
        host::link(&mut linker).map_err(failed)?;
        let cache = options.cache_dir.and_then(|root| {
            let opened = Cache::open(&root, &engine);
            opened.inspect_err(|error| tracing::warn!(root = %root.display(), %error, "compiled code is not kept")).ok()
        });
        let ticker = Ticker::new(&engine);
        Ok(Self { shared: Arc::new(Shared { engine, ticker, linker, cache }) })
    }

    /// Makes a procedure of a component's bytes: compiled, or taken from the cache, and linked to the contract. Nothing of it is executed.
    ///
    /// # Errors
    /// When the bytes are no component, or one that this host cannot run.
    pub fn load(&self, bytes: &[u8], limits: Limits) -> Result<LoadedProcedure, LoadError> {
        check_header(bytes)?;
        let Shared { engine, linker, cache, .. } = &*self.shared;
        // What stands behind the code is not compiled, so that a component that was compiled to be described need not be compiled to be run.
        let code = sections::code(bytes);
        let hashed = Sha256::new_with_prefix(code);
        let of_code = Digest(hashed.clone().finalize().into());
        let digest = Digest(hashed.chain_update(&bytes[code.len()..]).finalize().into());
        let cached = cache.as_ref().and_then(|cache| cache.get(of_code, engine));
        let (component, origin) = match cached {
            Some(component) => (component, Origin::Cache),
            None => (Component::from_binary(engine, code).map_err(invalid)?, Origin::Compiled),
        };
        let manifest = Manifest::of(&component, engine)?;
        let linked = linked(linker, &component, manifest.wasi).map_err(|error| manifest.mismatch(&error))?;
        // Only now: what is no procedure is not worth keeping.
        if let (Origin::Compiled, Some(cache)) = (origin, cache) {
            cache.put(of_code, &component);
        }
        let lines = lines::section(bytes).to_vec();
        Ok(LoadedProcedure { shared: Arc::clone(&self.shared), linked, digest, imports: manifest.imports, limits, origin, lines })
    }
}

/// A linker of its own for a component that imports WASI: what it must be given is in its type.
fn linked(linker: &Linker<Context>, component: &Component, wasi: bool) -> wasmtime::Result<EverythingPre<Context>> {
    if !wasi {
        return EverythingPre::new(linker.instantiate_pre(component)?);
    }
    let mut linker = linker.clone();
    wasi::link(&mut linker, component)?;
    EverythingPre::new(linker.instantiate_pre(component)?)
}

fn invalid(error: wasmtime::Error) -> LoadError {
    LoadError::Invalid(format!("{error:#}").chars().take(1_000).collect())
}
