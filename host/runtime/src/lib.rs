//! Runs procedures that are WebAssembly components: loads them, links the contract, bounds what they take, and says why they ended.
//!
//! The only crate that names wasmtime. The engine sees `lockstep_engine::Procedure`; everything a guest asks for goes through `lockstep_gate::Gate`.

mod bindings;
mod cache;
mod context;
mod declared;
mod ended;
mod host;
mod limits;
mod load;
mod machine;
mod position;
mod procedure;
mod runtime;
mod shown;
mod ticker;
mod wasi;

pub use cache::Compiled;
pub use limits::Limits;
pub use load::LoadError;
pub use procedure::{LoadedProcedure, Origin};
pub use runtime::{Runtime, RuntimeError, RuntimeOptions};
pub use wasi::Wasi;
