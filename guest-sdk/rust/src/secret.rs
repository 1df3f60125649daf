//! Secrets by handle: the procedure places a marker, and the host puts the value in its place at the destination.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::bindings::lockstep::contract::secret as host;
use crate::{Failure, Result};

/// The secret that the grant declares under that id, or that a response was [captured](crate::http::Request::capture) into.
///
/// ```no_run
/// use lockstep::prelude::*;
/// fn login(_: &Ctx) -> Result<()> {
///     let password = secret::by_id("shop-password")?;
///     http::post("http://127.0.0.1:8080/login")
///         .json(json!({ "user": "smoke", "password": password }))
///         .capture("/token", "session")
///         .send()?
///         .expect_status(200)?;
///     http::get("http://127.0.0.1:8080/orders").bearer(&secret::by_id("session")?).send()?.expect_status(200)?;
///     Ok(())
/// }
/// ```
pub fn by_id(id: &str) -> Result<Secret> {
    let value = host::by_id(id).map_err(Failure::from_host)?;
    Ok(Secret { id: value.id(), marker: value.marker() })
}

/// A secret of this run. It prints, and is written as JSON, as its marker: safe anywhere, of use only where the grant lets it go.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    id: String,
    marker: String,
}

impl Secret {
    /// The id it has in the grant.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The text that stands for the value in a header, a body, a variable or a standard input.
    pub fn marker(&self) -> &str {
        &self.marker
    }

    #[cfg(test)]
    pub(crate) fn marked(id: &str, marker: &str) -> Self {
        Self { id: id.into(), marker: marker.into() }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.marker)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.id)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.marker)
    }
}
