//! Where a test finds the project, the binary and the guests, and a place of its own to work in.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the checkout").to_owned()
}

/// The folder that this test binary was built into: the binary under test was built by the same command.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a test binary");
    test.parent().and_then(Path::parent).expect("target/<profile>/deps").to_owned()
}

/// The binary under test. `scripts/test` builds it first; without it every test says so.
pub(crate) fn lockstep() -> PathBuf {
    let binary = built().join("lockstep");
    assert!(binary.exists(), "{} is not there: run scripts/test, or cargo build --release", binary.display());
    binary
}

/// The service that tests deploy. It is built by the same command.
pub(crate) fn service() -> PathBuf {
    let binary = built().join("lockstep-service");
    assert!(binary.exists(), "{} is not there: run scripts/test, or cargo build --release", binary.display());
    binary
}

/// The component of an example. `scripts/test` builds them all first.
pub(crate) fn example(case: &str) -> PathBuf {
    let file = root().join("target/guests").join(format!("{case}.wasm"));
    assert!(file.exists(), "{} is not there: run scripts/test", file.display());
    file
}

/// A store with nothing in it but compiled code: what the builds of the examples have left. For commands that record nothing.
pub(crate) fn compiled() -> PathBuf {
    let store = root().join("target/guests/store");
    std::fs::create_dir_all(store.join("cache")).expect("a folder in target/");
    store
}

/// What a command did.
pub(crate) struct Ran {
    /// Its exit code.
    pub(crate) code: i32,
    /// What it gave.
    pub(crate) stdout: String,
    /// What it said.
    pub(crate) stderr: String,
}

impl Ran {
    /// The one JSON value on its standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON: {error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// A directory with a store of its own, gone at the end.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().expect("a temporary directory") }
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("a file in the temporary directory");
        path
    }

    /// The binary under test, in this directory, on this store, with nothing of the outside.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(lockstep());
        command.current_dir(self.path()).env_clear().env("LOCKSTEP_STORE", self.path().join("store"));
        for kept in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// Runs `lockstep` with these arguments.
    pub(crate) fn lockstep<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.command().args(args).output().expect("lockstep runs").into()
    }

    /// Runs `hello` and gives its run id.
    pub(crate) fn hello(&self) -> String {
        let env = self.write("hello.toml", "");
        let ran = self.lockstep([&*example("hello"), "--env".as_ref(), &*env, "--json".as_ref()].map(Path::as_os_str).iter().fold(
            vec![std::ffi::OsString::from("run")],
            |mut args, arg| {
                args.push((*arg).to_owned());
                args
            },
        ));
        ran.expect(0).json()["run"].as_str().expect("a run id").to_owned()
    }
}

/// Says that this machine cannot run a test. Under `CI=true` that is a failure.
#[track_caller]
pub(crate) fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "missing under CI: {what}");
    eprintln!("missing on this machine: {what}");
}
