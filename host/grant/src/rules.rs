//! What a grant file allows, compiled: one module for each of its sections.

mod db;
mod files;
mod http;
mod kube;
mod limits;
mod parameters;
mod redis;
mod secrets;
mod shell;

pub use db::{DbRule, DbRules, DbUrl};
pub use files::{FilesRules, MountRule, Right};
pub use http::{HttpIdentity, HttpPattern, HttpProxy, HttpRules};
pub use kube::{KubeAccess, KubeRules};
pub use limits::Limits;
pub use parameters::ParameterRule;
pub use redis::{RedisAddress, RedisAt, RedisLogin, RedisRight, RedisRule, RedisRules, RedisUrlError, parse_redis_url};
pub use secrets::{SecretRule, SecretSource};
pub use shell::{CommandPattern, Profile, ShellRules, profiles};

pub(crate) use parameters::read_parameters;
pub(crate) use secrets::{check_kube, read_secrets};
