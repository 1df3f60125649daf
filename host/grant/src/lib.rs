//! What may happen: the grant file, compiled once and asked for every call.
//!
//! Deny by default, deny wins, a field that is not enforced does not parse. Pure and synchronous: it reads no file, no clock and no environment.
//!
//! ```
//! use std::path::Path;
//!
//! use lockstep_grant::{Decision, Grant, Grantable};
//! use lockstep_model::request::HttpRequest;
//!
//! let text = r#"
//! [http]
//! allow = ["GET https://api.example.com/health"]
//! "#;
//! let grant = Grant::parse(text, "production.toml", Path::new("/etc/lockstep"))?;
//!
//! let Decision::Allowed(granted) = HttpRequest::to("GET", "https://api.example.com/health").decide(&grant) else { panic!() };
//! assert_eq!(granted.rule(), "http.allow[0], production.toml:3");
//!
//! let Decision::Denied(denial) = HttpRequest::to("GET", "https://api.example.com/users").decide(&grant) else { panic!() };
//! assert_eq!(denial.rule, "default");
//! assert_eq!(denial.hint.as_deref(), Some("add \"GET https://api.example.com/users\" to `http.allow` (production.toml:3)"));
//! # Ok::<(), lockstep_grant::GrantErrors>(())
//! ```
//!
//! The whole of the file, as `lockstep explain grant` prints it:
//!
#![doc = include_str!("reference.md")]

pub mod address;
mod decide;
pub mod errors;
pub mod explain;
pub mod glob;
pub mod grant;
pub mod granted;
mod hint;
pub mod http_url;
mod judge;
pub mod paths;
mod place;
mod probe;
pub mod read;
pub mod rules;
pub mod sql;
mod suggest;
pub mod terms;
pub mod units;
mod url_pattern;
mod variables;

pub use address::{AddressError, address_allowed};
pub use errors::{GrantError, GrantErrors};
pub use explain::{Allowance, Considered, Explanation, Verdict};
pub use glob::Glob;
pub use grant::Grant;
pub use granted::{Decision, Denial, Destination, Grantable, Granted};
pub use http_url::{HttpUrl, UrlError};
pub use judge::Side;
pub use place::Place;
pub use rules::{CommandPattern, DbUrl, HttpIdentity, HttpPattern, HttpProxy, KubeAccess, Limits, ParameterRule, Profile, SecretRule, SecretSource, profiles};
pub use rules::{RedisAddress, RedisAt, RedisLogin, RedisUrlError, parse_redis_url};
pub use sql::{Compiled, Engine, StatementClass};
pub use terms::{DbPrograms, DbTerms, DbWhere, FilesTerms, HttpTerms, KubeTerms, Landlock, ProcessLimits, Program, RedisTerms, ShellTerms, WorkingDirectory};
pub use units::{UnitError, duration as parse_duration};

/// The reference of the grant file, Markdown, for `lockstep explain grant`.
pub const REFERENCE: &str = include_str!("reference.md");
