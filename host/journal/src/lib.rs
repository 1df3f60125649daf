//! What happened: records, the one fold over them, their canonical form and hash chain, the ledger, and where they are kept.

pub mod act;
pub mod blobs;
mod canonical;
pub mod checkpoint;
pub mod event;
mod failing;
mod json;
pub mod lease;
pub mod ledger;
pub mod memory;
pub mod record;
pub mod replay;
pub mod retention;
pub mod scribe;
pub mod sealing;
pub mod state;
pub mod store;
pub mod store_contract;
pub mod verify;

pub use act::{Act, PostedAct};
pub use blobs::{BlobDraft, BlobError, BlobReader, Blobs, DraftKept};
pub use canonical::canonical_json;
pub use event::Event;
pub use failing::FailingStore;
pub use json::Json;
pub use lease::{Lease, LeaseAsk, LeaseEnd, LeaseKept, LeaseUse};
pub use record::{Record, SealedRecord};
pub use replay::{Answer, Replay};
pub use scribe::{Desk, JournalError, NoObserver, Observer, Scribe};
pub use state::{IllegalRecord, RunState, RunStatus};
pub use store::{Batch, Durability, Store, StoreError, Wake};
