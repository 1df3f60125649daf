//! A host of its own for one lane: two slots, a front, releases, a work tree, and everything that arrived there written down.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::place::{Place, Ran, example, root, service};

/// What the service wants at `/login`.
const PASSWORD: &str = "correct-horse-battery";
/// So late comes every answer of the service, after its work is done and written down: a kill meets calls under way.
const SLOW: &str = "slow=120";

/// Where `blue-green` deploys to.
pub(crate) struct Site {
    pub(crate) place: Place,
    front: u16,
    ports: [u16; 2],
}

impl Site {
    /// A site where version 1 serves from the slot `blue`. Strict: the grant says that what the service is asked must not be asked twice.
    pub(crate) fn new(strict: bool) -> Self {
        let site = Self { place: Place::new(), front: free_port(), ports: [free_port(), free_port()] };
        for folder in ["site/slots/blue", "site/slots/green", "site/state", "releases", "work-tree"] {
            std::fs::create_dir_all(site.path(folder)).unwrap();
        }
        for (slot, port) in ["blue", "green"].iter().zip(site.ports) {
            site.place.write(&format!("site/slots/{slot}/port"), format!("{port}\n"));
        }
        symlink("slots/blue", site.path("site/current")).unwrap();
        site.write_command();
        site.write_grant(strict);
        site.make_work_tree();
        site.release("1.0.0");
        copy_release(&site.path("releases/1.0.0"), &site.path("site/slots/blue/release"));
        let (state, release, port) = (site.text("site/state/blue"), site.text("site/slots/blue/release"), site.ports[0].to_string());
        site.service(&["start", "--state", &state, "--release", &release, "--port", &port, "--password-env", "APP_PASSWORD"]);
        let (switch, state, port) = (site.text("site/current"), site.text("front"), site.front.to_string());
        site.service(&["front-start", "--port", &port, "--switch", &switch, "--state", &state]);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Every port that something of this site listens on.
    pub(crate) fn all_ports(&self) -> [u16; 3] {
        [self.front, self.ports[0], self.ports[1]]
    }

    /// The program that the grant names as the service's own: it writes down who asked for what, and asks the service.
    fn write_command(&self) {
        let script = format!("#!/bin/sh\necho \"$LOCKSTEP_IDEMPOTENCY_KEY $1\" >>'{}'\nexec '{}' \"$@\"\n", self.text("commands.log"), service().display());
        let file = self.place.write("service", script);
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
        self.place.write("commands.log", "");
    }

    fn write_grant(&self, strict: bool) {
        let template = std::fs::read_to_string(root().join("guest-sdk/procedures/blue-green/grant.toml")).unwrap();
        let mut grant = template
            .replace("@ROOT@", &self.place.path().display().to_string())
            .replace("@SERVICE@", &self.text("service"))
            .replace("@FRONT@", &self.front.to_string())
            .replace("@BLUE@", &self.ports[0].to_string())
            .replace("@GREEN@", &self.ports[1].to_string())
            .replace("soak-seconds = \"2\"", "soak-seconds = \"1\"");
        if strict {
            for port in self.ports {
                let rule = format!("\"POST http://127.0.0.1:{port}/login\",");
                assert!(grant.contains(&rule), "the grant of blue-green has changed: {grant}");
                grant = grant.replace(&rule, &format!("{{ rule = {} class = \"at-most-once\" }},", rule));
            }
            let program = format!("program = \"{}\"\n", self.text("service"));
            grant = grant.replace(&program, &format!("{program}class = \"at-most-once\"\n"));
        }
        self.place.write("site.toml", grant);
    }

    fn make_work_tree(&self) {
        self.git(&["init", "--quiet"]);
        self.place.write("work-tree/README", "the service\n");
        self.git(&["add", "README"]);
        self.git(&["-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "The service"]);
    }

    /// Makes a version that can be released.
    pub(crate) fn release(&self, version: &str) {
        let folder = self.path("releases").join(version);
        std::fs::create_dir_all(&folder).unwrap();
        copy(&service(), &folder.join("service"));
        std::fs::write(folder.join("VERSION"), version).unwrap();
        std::fs::write(folder.join("BROKEN"), SLOW).unwrap();
        let files: Vec<_> = ["service", "VERSION", "BROKEN"].iter().map(|name| format!("\"{name}\":\"sha256:{}\"", digest(&folder.join(name)))).collect();
        std::fs::write(folder.join("manifest.json"), format!("{{\"files\":{{{}}}}}", files.join(","))).unwrap();
    }

    /// A command line of `lockstep` that names this site, so that no process of it is overlooked.
    pub(crate) fn lockstep(&self, args: &[&str]) -> Command {
        let mut command = self.place.command();
        command.env("APP_PASSWORD", PASSWORD).arg("--store").arg(self.path("store")).args(args);
        command
    }

    /// A `lockstep run` of that version.
    pub(crate) fn deploy(&self, version: &str) -> Command {
        let digest = digest(&self.path("releases").join(version).join("manifest.json"));
        let mut command = self.lockstep(&["run"]);
        command.arg(example("blue-green")).arg("--env").arg(self.path("site.toml")).arg("--yes");
        command.args(["-p", &format!("version={version}"), "-p", &format!("release-digest=sha256:{digest}"), "-p", "slowest-milliseconds=20000"]);
        command
    }

    fn service(&self, args: &[&str]) -> String {
        Ran::from(Command::new(service()).args(args).env("APP_PASSWORD", PASSWORD).output().unwrap()).expect(0).stdout
    }

    fn git(&self, args: &[&str]) -> String {
        Ran::from(Command::new("/usr/bin/git").arg("-C").arg(self.path("work-tree")).args(args).output().unwrap()).expect(0).stdout
    }

    /// How the site stands: the slot and the version that clients reach, which slots' services run, which have a release, and the tags.
    pub(crate) fn stands(&self) -> Stand {
        let current = std::fs::read_link(self.path("site/current")).unwrap();
        let served = self.service(&["version", "--port", &self.front.to_string()]);
        let runs = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        let files = |slot: &str| {
            let entries = std::fs::read_dir(self.path("site/slots").join(slot).join("release")).into_iter().flatten();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        Stand {
            slot: current.file_name().unwrap().to_string_lossy().into_owned(),
            version: served.trim().to_owned(),
            running: self.ports.map(runs),
            installed: ["blue", "green"].map(files),
            tags: self.git(&["tag", "--list"]).lines().map(str::to_owned).collect(),
        }
    }
}

/// How a site stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stand {
    slot: String,
    version: String,
    running: [bool; 2],
    installed: [Vec<String>; 2],
    tags: BTreeSet<String>,
}

impl Stand {
    /// The site after that version went live.
    pub(crate) fn after(&self, version: &str) -> Self {
        let mut after = self.clone();
        let new = usize::from(self.slot == "blue");
        after.slot = ["blue", "green"][new].to_owned();
        after.version = version.to_owned();
        after.running = [new == 0, new == 1];
        after.installed[new] = ["BROKEN", "VERSION", "service"].map(str::to_owned).to_vec();
        after.tags.insert(format!("v{version}"));
        after
    }

    /// The site before that version, with what an undo takes out of the idle slot taken out.
    pub(crate) fn undone(&self, installed: bool) -> Self {
        let mut after = self.clone();
        if installed {
            after.installed[usize::from(self.slot == "blue")].clear();
        }
        after
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for state in ["site/state/blue", "site/state/green", "front"] {
            let _ = Command::new(service()).args(["stop", "--state"]).arg(self.path(state)).output();
        }
    }
}

fn copy_release(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in ["service", "VERSION", "BROKEN"] {
        copy(&from.join(name), &to.join(name));
    }
}

/// By a process of its own: a program that this one holds open for writing, while another lane forks, cannot be started.
fn copy(from: &Path, to: &Path) {
    Ran::from(Command::new("cp").args([from, to]).output().unwrap()).expect(0);
}

fn digest(file: &Path) -> String {
    let said = Ran::from(Command::new("sha256sum").arg(file).output().unwrap()).expect(0).stdout;
    said.split(' ').next().unwrap().to_owned()
}

/// A port below those that the kernel gives to outgoing connections.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(std::process::id() % 900).unwrap() * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 900;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
