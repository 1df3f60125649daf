//! The ways in which the service can be wrong: as it was released (`--broken`), or switched on while it runs (`POST /switches`).
//!
//! A deployment tool is judged by what it does with a bad version, so every kind of badness that a check looks for can be had here on demand.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest answer delay: ten minutes, more than any client waits.
const MAX_SLOW_MS: u64 = 600_000;
/// Most bytes leaked by one request.
const MAX_LEAK_BYTES: u64 = 64 << 20;

/// How a release is broken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Broken {
    /// `/health` answers 503.
    Health,
    /// `/login` answers 500.
    Login,
    /// Every answer comes late by that many milliseconds.
    Slow(u64),
    /// That part of the work, 0 to 1, answers 500; health stays well.
    Failing(f64),
    /// Every request keeps that many bytes for good.
    Leak(u64),
    /// The process dies before it listens.
    Crash,
}

impl FromStr for Broken {
    type Err = String;

    fn from_str(text: &str) -> Result<Broken, String> {
        let (mode, value) = match text.split_once('=') {
            Some((mode, value)) => (mode, Some(value)),
            None => (text, None),
        };
        let broken = match (mode, value) {
            ("health", None) => Broken::Health,
            ("login", None) => Broken::Login,
            ("crash", None) => Broken::Crash,
            ("slow", value) => Broken::Slow(parsed(value, 2_000)?),
            ("failing", value) => Broken::Failing(parsed(value, 1.0)?),
            ("leak", value) => Broken::Leak(parsed(value, 1 << 20)?),
            _ => return Err(format!("`{text}` is none of health, login, slow[=MS], failing[=RATIO], leak[=BYTES], crash")),
        };
        Switches::from(Some(broken)).check()?;
        Ok(broken)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Health => f.write_str("health"),
            Broken::Login => f.write_str("login"),
            Broken::Slow(ms) => write!(f, "slow={ms}"),
            Broken::Failing(ratio) => write!(f, "failing={ratio}"),
            Broken::Leak(bytes) => write!(f, "leak={bytes}"),
            Broken::Crash => f.write_str("crash"),
        }
    }
}

fn parsed<T: FromStr>(value: Option<&str>, otherwise: T) -> Result<T, String> {
    let Some(text) = value else {
        return Ok(otherwise);
    };
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

/// What is wrong at the moment. A request to `/switches` replaces all of it: what it does not name is well again.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Switches {
    /// Milliseconds by which every answer comes late, after its work is done.
    pub(crate) slow_ms: u64,
    /// The part of the work, 0 to 1, that answers 500 undone.
    pub(crate) failing: f64,
    /// Bytes kept by every request.
    pub(crate) leak_bytes: u64,
    /// `/health` answers 503.
    pub(crate) health_broken: bool,
    /// `/login` answers 500.
    pub(crate) login_broken: bool,
}

impl From<Option<Broken>> for Switches {
    fn from(broken: Option<Broken>) -> Switches {
        let well = Switches::default();
        match broken {
            None | Some(Broken::Crash) => well,
            Some(Broken::Health) => Switches { health_broken: true, ..well },
            Some(Broken::Login) => Switches { login_broken: true, ..well },
            Some(Broken::Slow(slow_ms)) => Switches { slow_ms, ..well },
            Some(Broken::Failing(failing)) => Switches { failing, ..well },
            Some(Broken::Leak(leak_bytes)) => Switches { leak_bytes, ..well },
        }
    }
}

impl Switches {
    /// Reads what was posted to `/switches`.
    pub(crate) fn from_json(body: &[u8]) -> Result<Switches, String> {
        // An object first: a derived struct would take `[]` as well, and that would make everything well again.
        let named: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).map_err(|cause| cause.to_string())?;
        let switches: Switches = serde_json::from_value(named.into()).map_err(|cause| cause.to_string())?;
        switches.check()?;
        Ok(switches)
    }

    fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.failing) {
            return Err("`failing` is a ratio from 0 to 1".to_owned());
        }
        if self.slow_ms > MAX_SLOW_MS {
            return Err(format!("`slow_ms` is at most {MAX_SLOW_MS}"));
        }
        if self.leak_bytes > MAX_LEAK_BYTES {
            return Err(format!("`leak_bytes` is at most {MAX_LEAK_BYTES}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_mode_reads_as_it_is_written() {
        for mode in ["health", "login", "crash", "slow=5", "failing=0.25", "leak=4096"] {
            assert_eq!(mode.parse::<Broken>().map(|broken| broken.to_string()), Ok(mode.to_owned()));
        }
        assert_eq!("failing".parse(), Ok(Broken::Failing(1.0)));
    }

    #[test]
    fn a_broken_mode_that_makes_no_sense_is_refused() {
        for mode in ["", "helth", "health=1", "slow=-1", "slow=", "failing=1.1", "failing=NaN", "leak=99999999999"] {
            assert!(mode.parse::<Broken>().is_err(), "{mode} was taken");
        }
    }

    #[test]
    fn switches_with_a_typo_are_refused() {
        assert!(Switches::from_json(br#"{"slow":5}"#).is_err());
        assert_eq!(Switches::from_json(br#"{"slow_ms":5}"#), Ok(Switches { slow_ms: 5, ..Switches::default() }));
    }
}
