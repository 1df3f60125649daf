//! An environment looked at before a run: what its grant asks of this machine, and what it says to each capability.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::place::{Place, Ran, example, root};
use crate::yard::Yard;

/// A database with programs that back it up.
fn with_programs(dump: &str, restore: &str, client: &str) -> String {
    let section = |id: &str, allow: &str, more: &str| {
        format!(
            "[db.{id}]\nengine = \"postgresql\"\nurl = \"postgresql://me@db.test/shop\"\nallow = [\"read\"]\n[db.{id}.backup]\nallow = [{allow}]\n\
             [db.{id}.backup.programs]\npg_dump = {dump}\n{more}"
        )
    };
    section("main", "\"make\", \"verify\"", &format!("pg_restore = {restore}\npsql = {client}\n")) + &section("copy", "\"make\"", "")
}

#[test]
fn the_doctor_looks_at_the_programs_that_back_up_databases_and_starts_none_that_is_not_the_pinned_one() {
    let place = Place::new();
    let program = |name: &str, script: &str| {
        let path = place.write(name, format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    };
    let (dump, client) = (program("pg_dump", "echo 'pg_dump (PostgreSQL) 15.9'; echo more"), program("psql", "touch started"));
    let absent = place.path().join("pg_restore").display().to_string();
    let pinned = |path: &str, digest: &str| format!("{{ program = {path:?}, digest = \"sha256:{digest}\" }}");
    let grant = with_programs(&format!("{dump:?}"), &format!("{absent:?}"), &pinned(&client, &"0".repeat(64)));
    place.write("shop.toml", &grant);
    let shown = place.lockstep(["doctor", "--env", "shop.toml"]).expect(1).stdout;
    let line = |text: &str, name: &str| text.lines().find(|line| line.split_whitespace().nth(1) == Some(name)).map(str::to_owned).unwrap_or_default();
    assert_eq!(line(&shown, "pg_dump"), format!("✓ pg_dump    pg_dump (PostgreSQL) 15.9, {dump}, not pinned; for db.copy, db.main"));
    assert_eq!(line(&shown, "pg_restore"), format!("✗ pg_restore there is no program {absent}, not pinned; for db.main"));
    assert!(line(&shown, "psql").starts_with(&format!("✗ psql       {client} is not the program that the grant pins: expected sha256:0000")), "{shown}");
    assert!(!place.path().join("started").exists(), "what is not the pinned program was started");
    let found = place.lockstep(["doctor", "--env", "shop.toml", "--json"]).expect(1).json();
    assert_eq!((&found["ok"], &found["needs"][0]["version"]), (&Value::Bool(false), &"pg_dump (PostgreSQL) 15.9".into()), "{found}");

    let digest = std::process::Command::new("sha256sum").arg(&dump).output().unwrap().stdout;
    let digest = String::from_utf8(digest).unwrap()[..64].to_owned();
    place.write("sound.toml", with_programs(&pinned(&dump, &digest), &format!("{dump:?}"), &format!("{dump:?}")));
    let shown = place.lockstep(["doctor", "--env", "sound.toml"]).expect(0).stdout;
    assert!(shown.contains(&format!("15.9, {dump}, pinned; for db.copy, db.main\n")), "{shown}");
    // What no grant asks for is not looked for.
    let plain = place.lockstep(["doctor", "--json"]).expect(0).json();
    assert!(plain.get("needs").is_none(), "{plain}");
    place.write("empty.toml", "");
    assert_eq!(place.lockstep(["doctor", "--env", "empty.toml", "--json"]).expect(0).json()["needs"], Value::Array(Vec::new()));
}

#[test]
fn the_doctor_asks_the_grants_cluster_for_its_version_and_says_why_it_cannot() {
    let Some(kubeconfig) = lockstep_faults::server("KUBECONFIG") else { return };
    let place = Place::new();
    let look = |context: &str| {
        place.write("shop.toml", format!("[kube]\nkubeconfig = {kubeconfig:?}\ncontext = \"{context}\"\n"));
        place.lockstep(["doctor", "--env", "shop.toml"])
    };
    let shown = look("admin").expect(0).stdout;
    let line = shown.lines().find(|line| line.starts_with("✓ kube ")).unwrap_or_else(|| panic!("{shown}"));
    assert!(line.contains("Kubernetes v1.") && line.ends_with(&format!(", context `admin` of {kubeconfig}")), "{line}");
    let shown = look("nowhere").expect(1).stdout;
    assert!(shown.contains("✗ kube ") && shown.contains("kube.config") && shown.contains("it has "), "{shown}");
    // A token that has expired is not the cluster's absence.
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    let part = |key: &str| text.split_once(key).unwrap().1.trim_start_matches([':', ' ', '"']).split(['"', ' ', ',', '}', '\n']).next().unwrap().to_owned();
    let (server, authority) = (part("server"), part("certificate-authority"));
    place.write(
        "token.toml",
        format!("[kube]\nserver = {server:?}\nauthority = {authority:?}\ntoken = {{ secret = \"T\" }}\n[secrets]\nT = {{ env = \"T\", to = [\"kube\"] }}\n"),
    );
    let expired = Ran::from(place.command().env("T", "expired").args(["doctor", "--env", "token.toml", "--json"]).output().unwrap()).expect(1).json();
    let problem = expired["needs"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("kube.auth") && problem.contains(&server) && !problem.contains("`expired`"), "{problem}");
}

#[test]
fn no_proxy_of_the_environment_is_heeded() {
    let (server, proxy) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (at, elsewhere) = (server.local_addr().unwrap(), proxy.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut head = [0; 4_096];
        let count = stream.read(&mut head).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n");
        String::from_utf8_lossy(&head[..count]).into_owned()
    });
    let place = Place::new();
    std::fs::create_dir(place.path().join("desk")).unwrap();
    let grant = std::fs::read_to_string(root().join("guest-sdk/procedures/crash/grant.toml")).unwrap().replace("inn.test", &at.to_string());
    place.write("inn.toml", grant.replace("[http]", "[http]\nprivate-addresses = [\"127.0.0.1\"]"));
    let proxied = |args: &[&str]| {
        let mut command = place.command();
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env(name, format!("http://{elsewhere}"));
        }
        Ran::from(command.args(args).output().unwrap())
    };
    let ran = proxied(&["run", &example("crash").display().to_string(), "--env", "inn.toml", "--yes"]);
    proxy.set_nonblocking(true).unwrap();
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "{}", ran.stderr);
    assert!(asked.join().unwrap().starts_with("GET /"), "it was asked as a server is, not as a proxy");
    let Some(kubeconfig) = lockstep_faults::server("KUBECONFIG") else { return };
    place.write("shop.toml", format!("[kube]\nkubeconfig = {kubeconfig:?}\ncontext = \"admin\"\n"));
    proxied(&["doctor", "--env", "shop.toml"]).expect(0);
    assert_eq!(proxy.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// The sample grant of `lockstep explain grant`, with a proxy and an identity.
fn sample(place: &Place) -> String {
    let page = place.lockstep(["explain", "grant"]).expect(0).stdout;
    let sample = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let ways = "[http.identities.own]\nto = [\"https://api.example.com\"]\ncertificate = { secret = \"OWN\" }\nkey = { secret = \"OWN\" }\n\
                [http.proxies.corp]\nurl = \"http://proxy.example.com:3128\"\nto = [\"https://api.example.com\"]\nuser = \"deploy\"\n\
                password = { secret = \"PROXY\" }\n";
    let secrets = "[secrets]\nOWN = { env = \"OWN\", to = [\"http.identities.own\"] }\nPROXY = { file = \"proxy\", to = [\"http.proxies.corp\"] }\n";
    sample.replace("[secrets]\n", secrets) + ways
}

#[test]
fn what_each_capability_is_allowed_is_explained_on_the_sample_grant() {
    let place = Place::new();
    place.write("production.toml", sample(&place));
    for (asked, decided) in [
        ("GET https://api.example.com/health", "allowed by http.allow[0]"),
        ("/usr/bin/git status --porcelain", "allowed by shell.allow[0]"),
        ("/usr/bin/git push --force", "denied by shell.deny[1]"),
        ("/usr/bin/docker compose -f /srv/app/compose.yml up -d --no-deps web", "allowed by shell.allow[2]"),
        ("write /app/config.json", "allowed by files.mounts.\"/app\""),
        ("redis cache GET app:cache:1", "allowed by redis.cache"),
        ("redis cache FLUSHDB", "denied by default"),
        ("redis cache delete-by-prefix app:cache:", "allowed by redis.cache"),
        ("kube set-image apps/v1/Deployment shop/api", "allowed by kube.allow[0]"),
        ("kube scale-to-zero apps/v1/Deployment shop/worker", "allowed by kube.allow[1]"),
        ("kube get v1/Secret shop/db", "denied by kube.deny[0]"),
        ("db main SELECT 1", "allowed by db.main"),
        ("db main DROP TABLE orders", "denied by default"),
        ("db main make-backup", "allowed by db.main"),
        ("db main restore", "denied by default"),
        ("db main history", "allowed by db.main"),
        ("secret API_KEY", "allowed by secrets.API_KEY"),
        ("secret ROOT", "denied by default"),
        ("artifact dump", "allowed by always"),
    ] {
        let said = place.lockstep(["grant", "explain", "--env", "production.toml", asked]).expect(0).stdout;
        assert!(said.lines().any(|line| line.starts_with(decided)), "{asked}: {said}");
    }
    let said = place.lockstep(["grant", "explain", "--env", "production.toml", "/usr/bin/git", "status", "--porcelain"]).expect(2).stderr;
    assert!(said.contains("between quotes"), "{said}");
}

#[test]
fn the_proxy_and_the_certificate_of_a_request_are_explained_and_the_destinations_of_a_secret() {
    let place = Place::new();
    place.write("production.toml", sample(&place));
    let explain = |asked: &str, more: &[&str]| place.lockstep([&["grant", "explain", "--env", "production.toml", asked], more].concat()).expect(0);
    let said = explain("GET https://api.example.com/health", &[]).stdout;
    assert!(said.contains("\n  goes through the proxy `corp`, http://proxy.example.com:3128, logged in as `deploy` (http.proxies.corp)\n"), "{said}");
    assert!(said.contains("\n  shows the client certificate `OWN` (http.identities.own)\n"), "{said}");
    assert_eq!(explain("GET https://api.example.com/health", &["--json"]).json()["beside"].as_array().map(Vec::len), Some(2));
    for elsewhere in ["GET https://shop.example.com:8443/v1/x", "POST https://api.example.com/none"] {
        let said = explain(elsewhere, &[]).stdout;
        assert!(!said.contains("proxy") && !said.contains("certificate"), "{said}");
    }
    let plan = place.lockstep(["plan", &example("hello").display().to_string(), "--env", "production.toml"]).expect(0).stdout;
    assert!(plan.contains("\n  http through the proxy `corp`, http://proxy.example.com:3128: https://api.example.com\n"), "{plan}");
    assert!(plan.contains("\n  http with the client certificate `OWN`: https://api.example.com\n"), "{plan}");
    let said = explain("secret API_KEY", &[]).stdout;
    assert!(said.contains("\n  from the variable API_KEY; may go to https://api.example.com\n"), "{said}");
}

#[test]
fn the_call_of_a_run_that_asked_for_a_secret_is_explained() {
    let yard = Yard::new();
    yard.run(&["run", &example("misbehaving").display().to_string(), "--env", "yard.toml", "--yes", "-p", "how=echo-secret"]);
    let calls = yard.run(&["show", "latest", "--all", "--json"]).stdout;
    assert!(calls.contains("secret"), "{calls}");
    let said = yard.run(&["grant", "explain", "latest", "--call", "act/1/1"]).expect(0).stdout;
    assert!(said.starts_with("secret.by-id PLANTED\n") && said.contains("allowed by secrets.PLANTED"), "{said}");
}
