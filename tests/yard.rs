//! A place where the procedure `misbehaving` may misbehave.

use std::path::PathBuf;

use crate::place::{Place, Ran, example, root};

/// A place with a box to write into and the grant file `yard.toml`, which allows enough to misbehave with.
pub(crate) struct Yard {
    /// Where it is.
    pub(crate) place: Place,
}

/// What `yard.toml` says, and that `/usr/bin/env` may be started.
pub(crate) fn allowing_env(grant: String) -> String {
    format!("{grant}\n[[shell.allow]]\nprogram = \"/usr/bin/env\"\nargs = []\n")
}

impl Yard {
    pub(crate) fn new() -> Self {
        let yard = Self { place: Place::new() };
        std::fs::create_dir(yard.place.path().join("box")).unwrap();
        yard.write("yard.toml", |grant| grant);
        yard
    }

    /// Writes a grant file: what `change` makes of the yard's own. Its paths are relative to the yard.
    pub(crate) fn write(&self, name: &str, change: impl Fn(String) -> String) -> PathBuf {
        let grant = std::fs::read_to_string(root().join("guest-sdk/procedures/misbehaving/grant.toml")).unwrap();
        let path = self.place.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, change(grant.replace("@ROOT@/box", "box"))).unwrap();
        path
    }

    /// Misbehaves under `yard.toml`, with nobody attached.
    pub(crate) fn misbehave(&self, how: &str) -> Ran {
        self.run(&["run", &example("misbehaving").display().to_string(), "--env", "yard.toml", "--yes", "-p", &format!("how={how}")])
    }

    /// A run that is paused: it has written a file, and the next step was denied what `allowing_env` allows.
    pub(crate) fn paused(&self) -> String {
        self.misbehave("denied-paused").expect(4);
        self.run(&["runs", "--json"]).expect(0).json()[0]["run"].as_str().unwrap().to_owned()
    }

    /// Whether the file that `denied-later` and `denied-paused` write is there.
    pub(crate) fn left(&self) -> bool {
        self.place.path().join("box/left").exists()
    }

    /// Runs `lockstep` with a value for the yard's secret.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.place.command().env("PLANTED", "pl4nted").args(args).output().unwrap().into()
    }
}
