//! The example `compose-release` with the real program on a real Docker engine and a real registry: an image that goes live and is taken back the day after, one that
//! fails clients, one that is not there, one whose release is killed half-way, and the `down` of the old runbook.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::place::{Place, Ran, example, missing, root};

/// How long anything in the engine may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Version 1 in the slot blue, with clients in front of it.
struct Shop {
    place: Place,
    engine: String,
    /// In the registry, without a tag.
    repository: String,
    docker: PathBuf,
    compose: PathBuf,
    front: u16,
    slots: [u16; 2],
    clients: Clients,
}

/// Clients that ask the front without end.
struct Clients {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU32>,
    turned_away: Arc<AtomicU32>,
}

/// The way of a program that the image has.
enum Kind {
    Good,
    /// It is healthy, and has no shop.
    Broken,
    /// It takes its time to start.
    Slow,
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A page; none when there is none to be had.
fn page(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: shop\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.split(' ').nth(1).filter(|status| *status == "200").map(|_| body.trim().to_owned())
}

/// Hands each client on to the slot that the file names.
fn front(slot: PathBuf, ports: [u16; 2]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), slot) = (client, slot.clone()) else { continue };
            thread::spawn(move || {
                let named = std::fs::read_to_string(slot).unwrap_or_default();
                let Ok(server) = TcpStream::connect(("127.0.0.1", ports[usize::from(named.trim() == "green")])) else { return };
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let asked = thread::spawn(move || std::io::copy(&mut from, &mut to));
                let (mut server, mut client) = (server, client);
                let _ = std::io::copy(&mut server, &mut client);
                let _ = client.shutdown(std::net::Shutdown::Both);
                let _ = asked.join();
            });
        }
    });
    port
}

impl Clients {
    fn of(front: u16) -> Self {
        let clients = Self { stop: Arc::default(), served: Arc::default(), turned_away: Arc::default() };
        let (stop, served, turned_away) = (clients.stop.clone(), clients.served.clone(), clients.turned_away.clone());
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let counted = if page(front, "/health").is_some() { &served } else { &turned_away };
                counted.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(20));
            }
        });
        clients
    }

    fn expect_served(&self) {
        assert!(self.served.load(Ordering::Relaxed) > 10, "the clients did not come");
        assert_eq!(self.turned_away.load(Ordering::Relaxed), 0, "clients that nobody served");
    }
}

impl Shop {
    fn open() -> Option<Self> {
        let (engine, registry) = (lockstep_faults::server("DOCKER")?, lockstep_faults::server("REGISTRY")?);
        let (Some(docker), Some(compose)) = (on_path("docker"), on_path("docker-compose")) else {
            missing("docker and docker-compose, the clients of a Docker engine");
            return None;
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let repository = format!("{}/shop-{since}/web", registry.trim_start_matches("http://"));
        let (place, slots) = (Place::new(), [free_port(), free_port()]);
        std::fs::create_dir(place.path().join("front")).unwrap();
        let slot = place.write("front/slot", "blue\n");
        let service = |slot: &str, port| {
            let image = format!("${{{}_IMAGE}}", slot.to_uppercase());
            format!("  {slot}:\n    image: {image}\n    network_mode: host\n    stop_signal: SIGKILL\n    environment: {{ PORT: \"{port}\" }}\n")
        };
        place.write("compose.yml", format!("version: \"2.4\"\nservices:\n{}{}", service("blue", slots[0]), service("green", slots[1])));
        let front = front(slot, slots);
        let clients = Clients { stop: Arc::default(), served: Arc::default(), turned_away: Arc::default() };
        let mut shop = Self { place, engine, repository, docker, compose, front, slots, clients };
        shop.place.write("shop.toml", shop.grant());
        let first = shop.image("1", Kind::Good);
        shop.on_project(&["up", "-d", "--no-build", "blue"], &first);
        wait_until("version 1 serves", || page(front, "/shop").as_deref() == Some("1"));
        shop.clients = Clients::of(front);
        Some(shop)
    }

    fn grant(&self) -> String {
        let grant = std::fs::read_to_string(root().join("guest-sdk/procedures/compose-release/grant.toml")).unwrap();
        let quoted = |path: &Path| format!("\"{}\"", path.display());
        grant
            .replace("/srv/shop", &self.place.path().display().to_string())
            .replace(":8080/", &format!(":{}/", self.front))
            .replace(":8081/", &format!(":{}/", self.slots[0]))
            .replace(":8082/", &format!(":{}/", self.slots[1]))
            .replace("\"/usr/bin/docker-compose\"", &quoted(&self.compose))
            .replace("\"/usr/bin/docker\"", &quoted(&self.docker))
            .replace("unix:///var/run/docker.sock", &self.engine)
    }

    fn started(&self, program: &Path, args: &[&str], images: &str) -> Output {
        let mut command = Command::new(program);
        command.args(args).env("DOCKER_HOST", &self.engine).envs([("BLUE_IMAGE", images), ("GREEN_IMAGE", images)]);
        command.current_dir(self.place.path()).output().unwrap()
    }

    fn docker(&self, args: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.started(&self.docker, args, "");
        assert!(status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap().trim().to_owned()
    }

    /// A command on the project from outside; `image` is what both of its slots would get.
    fn on_project(&self, args: &[&str], image: &str) -> String {
        let file = self.place.path().join("compose.yml");
        let args: Vec<&str> = ["-f", file.to_str().unwrap()].into_iter().chain(args.iter().copied()).collect();
        let Output { status, stdout, stderr } = self.started(&self.compose, &args, image);
        assert!(status.success(), "docker-compose {args:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap().trim().to_owned()
    }

    /// Makes a version, pushes it, and forgets it here; gives its name with the tag.
    fn image(&self, version: &str, kind: Kind) -> String {
        let (www, name) = (format!("www-{version}"), format!("{}:{version}", self.repository));
        std::fs::create_dir(self.place.path().join(&www)).unwrap();
        self.place.write(&format!("{www}/health"), "ok\n");
        let start = match kind {
            Kind::Slow => "sleep 4\n",
            Kind::Good | Kind::Broken => "",
        };
        if !matches!(kind, Kind::Broken) {
            self.place.write(&format!("{www}/shop"), format!("{version}\n"));
        }
        self.place.write(&format!("{www}/serve"), format!("#!/bin/sh\n{start}exec httpd -f -p \"127.0.0.1:$PORT\" -h /www\n"));
        let container = self.docker(&["create", "lockstep/busybox:1", "/bin/true"]);
        self.docker(&["cp", &www, &format!("{container}:/www")]);
        self.docker(&["commit", "--change", "CMD [\"/bin/sh\", \"/www/serve\"]", &container, &name]);
        self.docker(&["rm", &container]);
        self.docker(&["push", "--quiet", &name]);
        if version != "1" {
            self.docker(&["rmi", &name]);
        }
        name
    }

    /// The container of a slot; empty when it has none.
    fn container(&self, slot: &str) -> String {
        self.on_project(&["ps", "-q", slot], "unknown")
    }

    fn inspected(&self, slot: &str, format: &str) -> String {
        self.docker(&["inspect", "--format", format, &self.container(slot)])
    }

    fn is_running(&self, slot: &str) -> bool {
        !self.container(slot).is_empty() && self.inspected(slot, "{{.State.Running}}") == "true"
    }

    fn slot(&self) -> String {
        std::fs::read_to_string(self.place.path().join("front/slot")).unwrap().trim().to_owned()
    }

    fn args(&self, image: &str, more: &[&str]) -> Vec<String> {
        let [blue, green] = self.slots;
        let mut args = vec!["run".to_owned(), example("compose-release").display().to_string()];
        args.extend(["--env", "shop.toml", "--json", "--yes", "-p", "soak-seconds=1"].map(str::to_owned));
        for (parameter, port) in [("front", self.front), ("blue", blue), ("green", green)] {
            args.extend(["-p".to_owned(), format!("{parameter}=http://127.0.0.1:{port}")]);
        }
        args.extend(["-p".to_owned(), format!("image={image}")]);
        args.extend(more.iter().map(|&arg| arg.to_owned()));
        args
    }

    fn release(&self, image: &str, more: &[&str]) -> Ran {
        self.place.lockstep(self.args(image, more))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.clients.stop.store(true, Ordering::Relaxed);
        let file = self.place.path().join("compose.yml");
        self.started(&self.compose, &["-f", file.to_str().unwrap(), "rm", "--stop", "--force"], "unknown");
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn t26_an_image_goes_live_and_is_taken_back_the_day_after_and_no_client_is_turned_away() {
    let Some(shop) = Shop::open() else { return };
    let (second, before) = (shop.image("2", Kind::Good), shop.inspected("blue", "{{.Image}}"));
    let ran = shop.release(&second, &[]).expect(0);
    assert_eq!((shop.slot().as_str(), page(shop.front, "/shop").as_deref()), ("green", Some("2")), "{}", ran.stderr);
    assert!(!shop.is_running("blue") && shop.inspected("blue", "{{.Image}}") == before, "it is stopped, and kept");
    assert!(shop.inspected("green", "{{.Config.Image}}").starts_with(&format!("{}@sha256:", shop.repository)), "it is started by its digest");
    // The tag of the old version comes to mean another image: nobody asks what it means.
    shop.docker(&["tag", &second, &format!("{}:1", shop.repository)]);
    shop.place.lockstep(["undo", "latest", "--reason", "a bug was found", "--yes"]).expect(0);
    assert_eq!((shop.slot().as_str(), page(shop.front, "/shop").as_deref()), ("blue", Some("1")));
    assert!(!shop.is_running("green") && shop.inspected("blue", "{{.Image}}") == before);
    shop.clients.expect_served();
}

#[test]
fn a_version_that_fails_clients_is_taken_back_to_the_recorded_digest() {
    let Some(shop) = Shop::open() else { return };
    let (broken, before) = (shop.image("2", Kind::Broken), shop.inspected("blue", "{{.Image}} {{.State.StartedAt}}"));
    let ran = shop.release(&broken, &[]).expect(6);
    assert!(ran.stderr.contains("404"), "{}", ran.stderr);
    assert_eq!((shop.slot().as_str(), page(shop.front, "/shop").as_deref()), ("blue", Some("1")));
    assert_eq!(shop.inspected("blue", "{{.Image}} {{.State.StartedAt}}"), before, "it was never touched");
    assert!(!shop.is_running("green"));
    shop.clients.expect_served();
}

#[test]
fn t27_an_image_that_cannot_be_pulled_fails_before_anything_is_stopped() {
    let Some(shop) = Shop::open() else { return };
    let before = shop.inspected("blue", "{{.State.StartedAt}}");
    let ran = shop.release(&format!("{}:never-pushed", shop.repository), &[]).expect(1);
    assert!(ran.stderr.contains("docker pull --quiet"), "{}", ran.stderr);
    assert_eq!((shop.slot().as_str(), shop.inspected("blue", "{{.State.StartedAt}}")), ("blue", before));
    assert!(shop.container("green").is_empty());
    shop.clients.expect_served();
}

#[test]
fn t26_down_is_denied_and_recorded_and_nothing_goes_down() {
    let Some(shop) = Shop::open() else { return };
    let second = shop.image("2", Kind::Good);
    let ran = shop.release(&second, &["-p", "how=down-first"]).expect(3);
    assert!(ran.stderr.contains("docker-compose/read deny"), "{}", ran.stderr);
    let journal = shop.place.lockstep(["audit", "show", "latest"]).expect(0).stdout;
    assert!(journal.contains("CallDenied") && journal.contains("\"down\""), "{journal}");
    assert!(shop.is_running("blue") && shop.container("green").is_empty());
    shop.clients.expect_served();
}

#[test]
fn killed_while_the_new_version_starts_it_goes_on_and_starts_nothing_twice() {
    let Some(shop) = Shop::open() else { return };
    let slow = shop.image("2", Kind::Slow);
    let mut running = shop.place.command().args(shop.args(&slow, &[])).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the new version starts", || {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it was killed");
        shop.is_running("green")
    });
    running.kill().unwrap();
    running.wait().unwrap();
    let container = shop.container("green");
    shop.place.lockstep(["resume", "latest", "--json"]).expect(0);
    assert_eq!((shop.slot().as_str(), page(shop.front, "/shop").as_deref()), ("green", Some("2")));
    assert_eq!(shop.container("green"), container, "it is the one that was started before");
    assert!(!shop.is_running("blue"));
    shop.clients.expect_served();
}
