//! A grant file as a whole: read once, then asked for every call.

use std::path::Path;
use std::sync::Arc;

use lockstep_model::Digest;

use crate::errors::GrantErrors;
use crate::explain::Explanation;
use crate::granted::{Denial, Grantable};
use crate::hint;
use crate::read::{Item, Reader, Section};
use crate::rules::{
    DbRules, FilesRules, HttpRules, KubeRules, Limits, ParameterRule, RedisRules, SecretRule, ShellRules, check_kube, read_parameters, read_secrets,
};

/// A compiled grant file. The default allows nothing.
#[derive(Debug, Clone)]
pub struct Grant {
    source: Arc<str>,
    file_name: Arc<str>,
    digest: Digest,
    name: Option<String>,
    http: Arc<HttpRules>,
    shell: Arc<ShellRules>,
    files: Arc<FilesRules>,
    redis: Arc<RedisRules>,
    kube: Arc<KubeRules>,
    db: Arc<DbRules>,
    secrets: Arc<[SecretRule]>,
    parameters: Arc<[ParameterRule]>,
    limits: Limits,
}

/// Interfaces of the base world: they touch nothing outside the run's own journal and store.
const BASE_INTERFACES: [&str; 7] = ["types", "plan", "run", "log", "clock", "random", "artifact"];

/// The contract's package, as imports of a component are written.
const PACKAGE: &str = "lockstep:contract/";

const KEYS: &[&str] = &["name", "http", "shell", "files", "redis", "kube", "db", "secrets", "parameters", "limits"];

impl Grant {
    /// Reads the text of a grant file. `file_name` is what messages call it; relative paths in it are below `base`, the file's directory, which
    /// should be absolute.
    ///
    /// # Errors
    /// Every problem of the file at once.
    pub fn parse(text: &str, file_name: &str, base: &Path) -> Result<Self, GrantErrors> {
        let reader = Reader::new(text, file_name, base);
        let document = reader.document();
        let root = Section::root(&reader, document.get_ref(), KEYS);
        let section = |key, keys| root.get(key).and_then(|item| item.section(keys));
        let secrets = root.get("secrets").map(|item| read_secrets(&item)).unwrap_or_default();
        let files: Arc<FilesRules> = section("files", FilesRules::KEYS).map(|section| FilesRules::read(&section)).unwrap_or_default().into();
        let grant = Self {
            source: text.into(),
            file_name: file_name.into(),
            digest: Digest::of(text.as_bytes()),
            name: root.get("name").and_then(|item| read_name(&item)),
            http: section("http", HttpRules::KEYS).map(|section| HttpRules::read(&section, &secrets, file_name)).unwrap_or_default().into(),
            shell: section("shell", ShellRules::KEYS).map(|section| ShellRules::read(&section, &files)).unwrap_or_default().into(),
            db: root.get("db").map(|item| DbRules::read(&item, &secrets)).unwrap_or_default().into(),
            files,
            redis: root.get("redis").map(|item| RedisRules::read(&item, &secrets)).unwrap_or_default().into(),
            kube: section("kube", KubeRules::KEYS).map(|section| KubeRules::read(&section, &secrets)).unwrap_or_default().into(),
            secrets: secrets.into(),
            parameters: root.get("parameters").map(|item| read_parameters(&item)).unwrap_or_default().into(),
            limits: section("limits", Limits::KEYS).map(|section| Limits::read(&section)).unwrap_or_default(),
        };
        if let Some(table) = root.get("secrets").filter(|_| !grant.secrets.is_empty()) {
            check_kube(&table, &grant.secrets, grant.kube.access().map(Arc::as_ref));
        }
        reader.finish()?;
        Ok(grant)
    }

    /// The environment's name, when the file says one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The file's name as it was given.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The file's text, as it was read.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The digest of the file's bytes: what a run is pinned to.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How much a run may take.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What this environment gives to procedures, by id.
    pub fn parameters(&self) -> &[ParameterRule] {
        &self.parameters
    }

    /// What this environment gives for one parameter.
    pub fn parameter(&self, id: &str) -> Option<&ParameterRule> {
        self.parameters.iter().find(|parameter| parameter.id == id)
    }

    /// The secrets declared, by id.
    pub fn secrets(&self) -> &[SecretRule] {
        &self.secrets
    }

    /// One secret as declared.
    pub fn secret(&self, id: &str) -> Option<&SecretRule> {
        self.secrets.iter().find(|secret| secret.id == id)
    }

    /// `[http]`.
    pub fn http(&self) -> &Arc<HttpRules> {
        &self.http
    }

    /// `[shell]`.
    pub fn shell(&self) -> &ShellRules {
        &self.shell
    }

    /// `[files]`.
    pub fn files(&self) -> &FilesRules {
        &self.files
    }

    /// `[redis]`.
    pub fn redis(&self) -> &RedisRules {
        &self.redis
    }

    /// `[kube]`.
    pub fn kube(&self) -> &KubeRules {
        &self.kube
    }

    /// `[db]`.
    pub fn db(&self) -> &DbRules {
        &self.db
    }

    /// Whether a component may import an interface: `http` or `lockstep:contract/http@0.1.0`. One that may not be used at all is refused before
    /// anything is instantiated.
    ///
    /// # Errors
    /// What the grant lacks.
    pub fn allows_interface(&self, interface: &str) -> Result<(), Denial> {
        let short = interface.strip_prefix(PACKAGE).map_or(interface, |rest| rest.split('@').next().unwrap_or(rest));
        let (allowed, example) = match short {
            base if BASE_INTERFACES.contains(&base) => return Ok(()),
            "http" => (self.http.allows_something(), "[http]\nallow = [\"GET https://…\"]"),
            "shell" => (self.shell.allows_something(), "[[shell.allow]]\nprogram = \"/…\"\nargs = []"),
            "files" => (!self.files.mounts().is_empty(), "[files.mounts.\"/…\"]\npath = \"…\"\nallow = [\"read\"]"),
            "redis" => (self.redis.allows_something(), "[redis.NAME]\nurl = \"rediss://…\"\nallow = [\"read\"]"),
            "kube" => (
                self.kube.allows_something(),
                "[kube]\nkubeconfig = \"…\"\ncontext = \"…\"\n[[kube.allow]]\nverbs = [\"get\"]\nkinds = [\"apps/v1/Deployment\"]\nnamespaces = [\"…\"]",
            ),
            "db" => (!self.db.databases().is_empty(), "[db.main]\nengine = \"postgresql\"\nurl = \"postgresql://…\"\nallow = [\"read\"]"),
            "secret" => (!self.secrets.is_empty(), "[secrets]\nNAME = { env = \"NAME\", to = [\"https://…\"] }"),
            _ => return Err(Denial::built_in(format!("interface {} is not one that this host offers", hint::shown(interface)), None)),
        };
        if allowed {
            return Ok(());
        }
        Err(Denial::by_default(
            format!("interface `{short}` is imported, and the grant allows nothing of it"),
            Some(format!("add to the grant file:\n{example}")),
        ))
    }

    /// The rules that can never apply, each as the denial of what it is for: the file contradicts itself there.
    pub fn unreachable(&self) -> Vec<Denial> {
        self.http.unreachable()
    }

    /// Decides about a request and says which rules were asked and what each answered.
    pub fn explain<R: Grantable>(&self, request: &R) -> Explanation {
        request.explain(self)
    }
}

impl Default for Grant {
    fn default() -> Self {
        Self {
            source: "".into(),
            file_name: "".into(),
            digest: Digest::of(b""),
            name: None,
            http: Arc::default(),
            shell: Arc::default(),
            files: Arc::default(),
            redis: Arc::default(),
            kube: Arc::default(),
            db: Arc::default(),
            secrets: Arc::new([]),
            parameters: Arc::new([]),
            limits: Limits::default(),
        }
    }
}

fn read_name(item: &Item<'_, '_>) -> Option<String> {
    let name = item.text()?;
    let legal = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !legal {
        item.reject("an environment's name is 1 to 64 letters, digits, `-`, `_` and `.`");
    }
    Some(name.to_owned())
}

#[cfg(test)]
mod tests;
