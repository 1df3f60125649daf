//! `secret.by-id`: that a step uses a secret. The value is no part of it.

use serde::{Deserialize, Serialize};

use super::{Request, line};
use crate::EffectClass;

/// `secret.by-id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRequest {
    /// The id in the grant.
    pub id: String,
}

impl Request for SecretRequest {
    type Response = ();

    fn interface(&self) -> &'static str {
        "secret"
    }

    fn function(&self) -> &'static str {
        "by-id"
    }

    fn class(&self) -> EffectClass {
        EffectClass::Read
    }

    fn summary(&self) -> String {
        line(&self.id)
    }
}
