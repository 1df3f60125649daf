//! What the procedure says to the operator.
//!
//! Usually through the macros: `info!("started {slot}")`, or with fields that a machine can read: `info!("started"; slot = slot, port = 8081)`.
//! Values of secrets are taken out by the host before anything is shown.

use crate::bindings::lockstep::contract::log as host;
use crate::bindings::lockstep::contract::types::Pair;

/// A name and a value beside a message.
pub type Field<'a> = (&'a str, String);

/// For the author.
pub fn debug(message: &str, fields: &[Field<'_>]) {
    host::debug(message, &pairs(fields));
}

/// For the operator.
pub fn info(message: &str, fields: &[Field<'_>]) {
    host::info(message, &pairs(fields));
}

/// Something the operator should look at; the run goes on.
pub fn warn(message: &str, fields: &[Field<'_>]) {
    host::warn(message, &pairs(fields));
}

/// Something is wrong. Saying so fails nothing: `bail!` does.
pub fn error(message: &str, fields: &[Field<'_>]) {
    host::error(message, &pairs(fields));
}

/// How far a long piece of work is, shown live.
pub fn progress(done: u32, total: u32, message: &str) {
    host::progress(done, total, message);
}

fn pairs(fields: &[Field<'_>]) -> Vec<Pair> {
    fields.iter().map(|(key, value)| Pair { key: (*key).into(), value: value.clone() }).collect()
}

/// Says something to the procedure's author: as [`info!`](crate::info).
#[macro_export]
macro_rules! debug {
    ($($said:tt)+) => { $crate::__say!(debug, $($said)+) };
}

/// Says something to the operator, as `format!` does, with fields after a semicolon.
///
/// ```no_run
/// use lockstep::prelude::*;
/// let slot = "blue";
/// info!("starting");
/// info!("starting {slot}");
/// info!("starting {}", slot.to_uppercase(); port = 8081, slot = slot);
/// ```
#[macro_export]
macro_rules! info {
    ($($said:tt)+) => { $crate::__say!(info, $($said)+) };
}

/// Says something that the operator should look at: as [`info!`](crate::info).
#[macro_export]
macro_rules! warn {
    ($($said:tt)+) => { $crate::__say!(warn, $($said)+) };
}

/// Says that something is wrong, and fails nothing: as [`info!`](crate::info).
#[macro_export]
macro_rules! error {
    ($($said:tt)+) => { $crate::__say!(error, $($said)+) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __say {
    ($level:ident, $format:literal $(, $argument:expr)* $(,)? $(; $($key:ident = $value:expr),+ $(,)?)?) => {
        $crate::log::$level(
            &::std::format!($format $(, $argument)*),
            &[$($((::core::stringify!($key), ::std::string::ToString::to_string(&$value))),+)?],
        )
    };
}
