//! The tokens that `/login` has given out.
//!
//! They live in memory only: a new version knows none of the old one's, as with most services whose keys are made at start.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// How long a token is good for.
pub(super) const LIFETIME: Duration = Duration::from_secs(3_600);
/// Most tokens kept; then all are forgotten and clients log in again.
const MAX_TOKENS: usize = 10_000;

/// Who has which token.
#[derive(Debug, Default)]
pub(super) struct Tokens(BTreeMap<String, (String, Instant)>);

impl Tokens {
    /// A new token for that user.
    pub(super) fn issue(&mut self, user: String) -> Result<String, getrandom::Error> {
        let mut random = [0u8; 24];
        getrandom::fill(&mut random)?;
        let token = random.iter().fold(String::with_capacity(48), |mut token, byte| {
            let _ = write!(token, "{byte:02x}");
            token
        });
        if self.0.len() >= MAX_TOKENS {
            self.0.clear();
        }
        self.0.insert(token.clone(), (user, Instant::now() + LIFETIME));
        Ok(token)
    }

    /// Whose token that is, if it is still good.
    pub(super) fn user_of(&self, token: &str) -> Option<String> {
        self.0.get(token).filter(|(_, until)| Instant::now() < *until).map(|(user, _)| user.clone())
    }
}
