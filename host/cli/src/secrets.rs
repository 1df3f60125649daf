//! Where the values of declared secrets are read: each when a run that declares it begins, and neither more of the environment nor another file is touched.

mod program;

use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use lockstep_gate::SecretSource as Source;
use lockstep_grant::{Grant, KubeAccess, SecretRule, SecretSource};
use lockstep_model::Secret;

use crate::environment;
use crate::wiring::KubeDriver;

/// No key is longer: what goes on and on is not one.
const LONGEST: u64 = 1 << 20;

/// The values of declared secrets.
pub(crate) struct Declared {
    /// Who asks clusters for those that are kept in one.
    pub(crate) kube: Arc<KubeDriver>,
}

impl Source for Declared {
    fn value(&self, rule: &SecretRule, grant: &Grant) -> Result<Option<Secret<Vec<u8>>>, String> {
        let value = match &rule.source {
            SecretSource::Capture => return Ok(None),
            SecretSource::Kube { namespace, object, key } => self.in_cluster(grant, (namespace, object, key))?,
            SecretSource::Command(words) => without_newline(program::output(words)?),
            SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Directory(_) => here(rule)?,
        };
        if value.expose().is_empty() { Err("what its source gives is empty".to_owned()) } else { Ok(Some(value)) }
    }
}

impl Declared {
    fn in_cluster(&self, grant: &Grant, place: (&str, &str, &str)) -> Result<Secret<Vec<u8>>, String> {
        let access = grant.kube().access().ok_or("the grant names no cluster")?;
        self.kube.secret_value(access, self.token(access, grant)?, place).map_err(|failure| failure.to_string())
    }

    /// Which version the cluster of the grant has, if it can be reached.
    pub(crate) fn cluster_version(&self, access: &Arc<KubeAccess>, grant: &Grant) -> Result<String, String> {
        self.kube.server_version(access, self.token(access, grant)?).map_err(|failure| failure.to_string())
    }

    /// What the cluster's server is shown, when the grant has a secret for that.
    fn token(&self, access: &KubeAccess, grant: &Grant) -> Result<Option<Secret<Vec<u8>>>, String> {
        match access {
            // Its source is no cluster, or the grant would not have been read.
            KubeAccess::Server { token, .. } => Ok(grant.secret(token).map(|rule| self.value(rule, grant)).transpose()?.flatten()),
            KubeAccess::Kubeconfig { .. } | KubeAccess::InCluster => Ok(None),
        }
    }
}

/// Why a secret has no value now, as far as that can be told without starting a program or asking a cluster.
pub(crate) fn missing(rule: &SecretRule) -> Option<String> {
    match &rule.source {
        SecretSource::Capture | SecretSource::Kube { .. } => None,
        SecretSource::Command(words) => {
            let program = words.first().map(String::as_str).unwrap_or_default();
            (!Path::new(program).is_file()).then(|| format!("there is no program {program}"))
        }
        SecretSource::Env(_) | SecretSource::File(_) | SecretSource::Directory(_) => match here(rule) {
            Ok(value) => value.expose().is_empty().then(|| "what its source gives is empty".to_owned()),
            Err(why) => Some(why),
        },
    }
}

/// A value that is in this process's environment or in a file.
fn here(rule: &SecretRule) -> Result<Secret<Vec<u8>>, String> {
    match &rule.source {
        SecretSource::Env(name) => environment::secret(name).map(Secret::new).ok_or_else(|| format!("the variable {name} is not set")),
        SecretSource::File(path) => read(path).map(without_newline),
        SecretSource::Directory(folder) => {
            let path = folder.join(&rule.id);
            check_private(&path)?;
            read(&path).map(without_newline)
        }
        SecretSource::Command(_) | SecretSource::Kube { .. } | SecretSource::Capture => Err("its value is not here".to_owned()),
    }
}

/// Refuses a file of a directory of secrets that others than its owner may read.
fn check_private(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let found = std::fs::metadata(path).map_err(|_| format!("there is no file {shown}"))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("{shown} may be read by others than its owner ({}, mode {mode:o}): `chmod 600` it", found.uid()))
}

fn read(path: &Path) -> Result<Secret<Vec<u8>>, String> {
    let shown = path.display();
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file {shown}"),
        _ => format!("{shown} cannot be read: {error}"),
    })?;
    let room = file.metadata().ok().and_then(|found| usize::try_from(found.len().min(LONGEST)).ok()).unwrap_or_default();
    all_of(file, room).map_err(|why| format!("{shown}: {why}"))
}

/// All that is read, unless it is more than a value can be.
fn all_of(from: impl std::io::Read, room: usize) -> Result<Secret<Vec<u8>>, String> {
    // Of the right size at once: a buffer that grows leaves copies behind.
    let mut value = Vec::with_capacity(room + 1);
    let read = from.take(LONGEST + 1).read_to_end(&mut value);
    let value = Secret::new(value);
    read.map_err(|error| error.to_string())?;
    if value.expose().len() as u64 <= LONGEST { Ok(value) } else { Err(format!("a value has at most {LONGEST} bytes")) }
}

/// Editors end a file with a newline that is not part of the secret.
fn without_newline(value: Secret<Vec<u8>>) -> Secret<Vec<u8>> {
    let all = value.expose();
    let line = all.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    line.map_or_else(|| value.clone(), |line| Secret::new(line.to_vec()))
}

#[cfg(test)]
mod tests {
    use lockstep_model::Secret;

    use super::without_newline;

    #[test]
    fn one_newline_at_the_end_is_not_part_of_a_secret() {
        for (file, value) in [("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("", "")] {
            assert_eq!(without_newline(Secret::new(file.as_bytes().to_vec())).expose(), value.as_bytes());
        }
    }
}
