//! `run.remember`: a value kept for later attempts and for the undo.

use serde::{Deserialize, Serialize};

use super::{Request, line};
use crate::EffectClass;

/// `run.remember`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberRequest {
    /// At most 64 bytes.
    pub key: String,
    /// At most 64 KiB.
    pub value: String,
}

impl Request for RememberRequest {
    type Response = ();

    fn interface(&self) -> &'static str {
        "run"
    }

    fn function(&self) -> &'static str {
        "remember"
    }

    fn class(&self) -> EffectClass {
        EffectClass::Read
    }

    fn summary(&self) -> String {
        line(&format!("remember {}", self.key))
    }
}
