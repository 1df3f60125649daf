//! A new project builds, and runs as it is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::place::{Place, Ran, root};

#[test]
fn a_new_project_builds_and_runs_as_it_is() {
    let place = Place::new();
    place.lockstep(["new", "greeter", "--lang", "rust"]).expect(0);
    holds(&place, "src/lib.rs");
    names_no_folder(&place);
    let again = place.lockstep(["new", "greeter", "--lang", "rust"]).expect(2);
    assert!(again.stderr.contains("LS0007"), "{}", again.stderr);
}

/// That the project `greeter` in a place does what a new project does, and is not run when its source has changed since it was built.
fn holds(place: &Place, source: &str) {
    let project = place.path().join("greeter");
    let inside = |args: &[&str]| -> crate::place::Ran {
        // The guests share one target directory, so that the SDK is compiled once.
        let mut command = place.command();
        command.env("CARGO_TARGET_DIR", root().join("target/new-project")).current_dir(&project).args(args).output().unwrap().into()
    };
    let built = inside(&["build", "--json"]).expect(0).json();
    for field in ["file", "digest", "imports"] {
        assert!(!built[field].is_null(), "{built}");
    }
    // It was compiled to be asked what it declares, which is kept in a folder that only its owner can read, and that is no store yet.
    let store = place.path().join("store");
    assert_eq!((compiled(&store), std::fs::read_dir(&store).unwrap().count()), (1, 1));
    assert_eq!(std::fs::metadata(&store).unwrap().permissions().mode() & 0o777, 0o700);
    let again = inside(&["build", "--json"]).expect(0).json();
    assert_eq!(again["digest"], built["digest"], "nothing has changed");
    let tested = inside(&["test", "--json"]).expect(0).json();
    assert_eq!((&tested["held"], &tested["broken"]), (&6.into(), &0.into()), "{tested}");
    assert_eq!(inside(&["run", "--json"]).expect(0).json()["outcome"], "succeeded");
    assert_eq!(compiled(&store), 1, "what was built was compiled again");
    // A change of the source is not run before it is built.
    let file = project.join(source);
    let changed = std::fs::File::options().append(true).open(&file).unwrap();
    changed.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(4_102_444_800)).unwrap();
    for verb in ["run", "plan", "check", "inspect"] {
        let stale = inside(&[verb]).expect(2);
        assert!(stale.stderr.contains(&format!("older than {source}")) && stale.stderr.contains("`lockstep build`"), "{verb}: {}", stale.stderr);
    }
    let named = built["file"].as_str().unwrap();
    assert!(inside(&["inspect", named]).expect(0).stdout.contains("greeter"), "named as a file it is taken as it is");
}

/// How many components have compiled code in a store's folder.
fn compiled(store: &Path) -> usize {
    std::fs::read_dir(store.join("cache/compiled")).unwrap().count()
}

#[test]
fn a_new_project_in_c_builds_and_runs_as_it_is() {
    let place = Place::new();
    place.lockstep(["new", "greeter", "--lang", "c"]).expect(0);
    holds(&place, "src/procedure.c");
    names_no_folder(&place);
    let (failure, logged) = told(&place, "src/procedure.c", PRINTING_C);
    assert_eq!(failure["code"], "step.failed", "{failure}");
    assert!(logged.contains("ordinary 1 and on"), "{logged}");
    assert!(logged.contains("a line that the library writes in several pieces, because it is longer than what it keeps for one that is not kept"), "{logged}");
    let (failure, _) = told(&place, "src/procedure.c", TRAPPING_C);
    assert_eq!(failure["code"], "guest.trap", "{failure}");
    assert!(failure["message"].as_str().unwrap().ends_with("; at src/procedure.c:4 in share <- src/procedure.c:10 in ask"), "{failure}");
}

#[test]
fn a_new_project_in_go_builds_and_runs_as_it_is() {
    let place = Place::new();
    place.lockstep(["new", "greeter", "--lang", "go"]).expect(0);
    holds(&place, "procedure.go");
    names_no_folder(&place);
    let (failure, logged) = told(&place, "procedure.go", ODD_GO);
    assert_eq!(failure["code"], "step.exception", "{failure}");
    assert!(
        failure["message"].as_str().unwrap().ends_with("/procedure.go:24: enough; at procedure.go:24 in main.ask") && !logged.contains("goroutine"),
        "{failure} {logged}"
    );
    assert!(logged.contains("ordinary true and on") && logged.contains("by its logger"), "{logged}");
}

#[test]
fn a_new_project_in_typescript_builds_and_runs_as_it_is() {
    let place = Place::new();
    place.lockstep(["new", "greeter", "--lang", "typescript"]).expect(0);
    holds(&place, "src/main.ts");
    let (failure, logged) = told(&place, "src/main.ts", ODD_TYPESCRIPT);
    assert_eq!(failure["code"], "step.exception", "{failure}");
    let message = failure["message"].as_str().unwrap();
    assert!(message.starts_with("SyntaxError: ") && message.contains("at ask (src/main.ts:10)"), "{message}");
    assert!(logged.contains("ordinary true true true 36 w7w="), "{logged}");
}

#[test]
fn a_new_project_in_python_builds_and_runs_as_it_is() {
    let place = Place::new();
    place.lockstep(["new", "greeter", "--lang", "python"]).expect(0);
    holds(&place, "src/main.py");
    let (failure, logged) = told(&place, "src/main.py", ODD_PYTHON);
    assert_eq!(failure["code"], "step.exception", "{failure}");
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("File \"main.py\", line 18, in ask") && message.ends_with("KeyError: 'nothing'"), "{message}");
    assert!(logged.contains("ordinary True True True 36") && logged.contains("by its logger"), "{logged}");
}

/// Asks for what every author knows, and throws what nobody catches.
const ODD_TYPESCRIPT: &str = r#"import type { Procedure } from "lockstep-sdk";

export default function odd(p: Procedure): void {
    p.describe("odd", "0.1.0");
    p.step("ask", "Ask", ask);
}

function ask(): string {
    console.log("ordinary", new Date().getFullYear() > 2000, Date.now() > 0, Math.random() < 1, crypto.randomUUID().length, btoa(atob("w7w=")));
    return JSON.parse("{");
}
"#;

/// The same in Python.
const ODD_PYTHON: &str = r#"import logging
import random
import time
import uuid
from datetime import datetime

from lockstep import Ctx, Procedure, procedure


@procedure
def odd(p: Procedure) -> None:
    p.describe("odd", "0.1.0")
    p.step("ask", "Ask", ask)

def ask(ctx: Ctx) -> str:
    print("ordinary", datetime.now().year > 2000, time.time() > 0, random.random() < 1, len(str(uuid.uuid4())))
    logging.info("by its logger")
    return {}["nothing"]
"#;

/// What C's library prints, and what it says the time is.
const PRINTING_C: &str = r#"#include <lockstep.h>
#include <stdio.h>
#include <time.h>

static ls_result ask(const ls_ctx *ctx) {
    (void)ctx;
    printf("ordinary %d", time(NULL) > 946684800);
    puts(" and on");
    fprintf(stderr, "a line that the library writes in several pieces, %s than what it keeps for one that is %s\n", "because it is longer", "not kept");
    return ls_fail("enough");
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "odd", "0.1.0");
    ls_step(p, "ask", "Ask", ask);
}
"#;

/// Divides by nothing, which the compiler puts into what asks for it.
const TRAPPING_C: &str = r#"#include <lockstep.h>

static int share(int whole, int parts) {
    if (!parts) __builtin_trap();
    return whole / parts;
}

static ls_result ask(const ls_ctx *ctx) {
    (void)ctx;
    return ls_text(ls_format("%d", share(1, 0)));
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "odd", "0.1.0");
    ls_step(p, "ask", "Ask", ask);
}
"#;

/// What Go's library prints, and what is said of a panic.
const ODD_GO: &str = r#"package main

import (
	"fmt"
	"log"
	"time"

	"lockstep"
)

func init() { lockstep.Register(odd) }

func main() {}

func odd(p *lockstep.Procedure) {
	p.Describe("odd", "0.1.0")
	p.Step("ask", "Ask", ask)
}

func ask(*lockstep.Ctx) (any, error) {
	fmt.Print("ordinary ", time.Now().Year() == 1970)
	fmt.Println(" and on")
	log.Print("by its logger")
	panic("enough")
}
"#;

/// That nothing in the component of `greeter` says where it was built.
fn names_no_folder(place: &Place) {
    let component = std::fs::read(place.path().join("greeter/target/lockstep/greeter.wasm")).unwrap();
    for folder in [place.path(), root().as_path()] {
        let folder = folder.as_os_str().as_encoded_bytes();
        assert!(!component.windows(folder.len()).any(|window| window == folder), "it names {}", String::from_utf8_lossy(folder));
    }
}

/// Gives the project `greeter` another source and runs it: how it failed, and what it said.
fn told(place: &Place, source: &str, text: &str) -> (Value, String) {
    let project = place.path().join("greeter");
    std::fs::write(project.join(source), text).unwrap();
    let inside = |args: &[&str]| -> Ran { place.command().current_dir(&project).args(args).output().unwrap().into() };
    inside(&["build"]).expect(0);
    let failure = inside(&["run", "--json"]).json()["failure"]["detail"].clone();
    (failure, inside(&["logs", "latest"]).expect(0).stdout)
}

/// Each language, what its tool is called where it is missing, and a part of what is said about how to get it.
const MISSING: &[(&str, &str, &str)] = &[
    ("rust", "`cargo` is not installed", "https://rustup.rs"),
    ("typescript", "`node` is not installed", "https://nodejs.org"),
    ("python", "`python3` is not installed", "apt-get install -y --no-install-recommends python3 python3-venv"),
    ("go", "`go` is not installed", "https://go.dev/dl"),
    ("c", "no C compiler here makes WebAssembly", "clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32"),
];

#[test]
fn a_tool_that_is_missing_is_named_with_a_way_to_get_it() {
    for (language, missing, way) in MISSING {
        let place = Place::new();
        place.lockstep(["new", "greeter", "--lang", language]).expect(0);
        let mut build = place.command();
        build.env("PATH", place.path()).env_remove("CARGO_HOME").env_remove("RUSTUP_HOME").current_dir(place.path().join("greeter"));
        let ran = Ran::from(build.arg("build").output().unwrap()).expect(2);
        assert!(ran.stderr.contains("error[LS0503]") && ran.stderr.contains(missing) && ran.stderr.contains(way), "{language}: {}", ran.stderr);
    }
}

#[test]
fn the_same_sources_give_the_same_component_in_every_folder() {
    // QuickJS and CPython are written into a component with the addresses that they happened to have: of those two nobody promises it.
    for language in ["rust", "go", "c"] {
        let digest = || {
            let place = Place::new();
            place.lockstep(["new", "greeter", "--lang", language]).expect(0);
            let mut build = place.command();
            build.env("CARGO_TARGET_DIR", root().join("target/new-project")).current_dir(place.path().join("greeter")).args(["build", "--json"]);
            Ran::from(build.output().unwrap()).expect(0).json()["digest"].clone()
        };
        assert_eq!(digest(), digest(), "{language}");
    }
}

/// A block of a document in a language, the first is 1.
fn block<'a>(text: &'a str, fence: &str, number: usize) -> &'a str {
    let found = text.split(&format!("```{fence}\n")).nth(number).and_then(|rest| rest.split("```").next());
    found.unwrap_or_else(|| panic!("no block {number} in {fence}"))
}

#[test]
fn the_guide_can_be_followed_word_for_word() {
    let guide = std::fs::read_to_string(root().join("guest-sdk/GUIDE.md")).unwrap();
    let place = Place::new();
    place.lockstep(["new", "restart", "--lang", "c"]).expect(0);
    let project = place.path().join("restart");
    let inside = |args: &[&str]| -> Ran { place.command().current_dir(&project).args(args).output().unwrap().into() };
    std::fs::write(project.join("src/procedure.c"), block(&guide, "c", 1)).unwrap();
    std::fs::write(project.join("env.toml"), block(&guide, "toml", 1)).unwrap();
    for came_with in std::fs::read_dir(project.join("scenarios")).unwrap() {
        std::fs::remove_file(came_with.unwrap().path()).unwrap();
    }
    std::fs::write(project.join("scenarios/comes-back.toml"), block(&guide, "toml", 2)).unwrap();
    inside(&["build"]).expect(0);
    assert_eq!(inside(&["test", "--json"]).expect(0).json()["held"], 3);
    assert!(inside(&["plan"]).expect(0).stdout.contains("The shop is healthy again"));
}

#[test]
fn a_build_says_what_it_does_and_what_it_has_made() {
    let place = Place::new();
    place.lockstep(["new", "greeter", "--lang", "c"]).expect(0);
    let ran = Ran::from(place.command().current_dir(place.path().join("greeter")).arg("build").output().unwrap()).expect(0);
    for said in ["compiling ", "built greeter (", " KiB)", "imports  ", "files", "digest   sha256:"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert!(ran.stdout.trim_end().ends_with("greeter/target/lockstep/greeter.wasm"), "{}", ran.stdout);
}

#[test]
fn what_is_no_procedure_is_said_to_be_none_before_it_is_compiled() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("src")).unwrap();
    place.write("Cargo.toml", "[package]\nname = \"tool\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    place.write("src/main.rs", "fn main() {}\n");
    let ran = place.lockstep(["build"]).expect(2);
    assert!(ran.stderr.contains("error[LS0501]") && ran.stderr.contains("lockstep::procedure!") && !ran.stderr.contains("Compiling"), "{}", ran.stderr);
}

#[test]
fn a_project_can_be_inspected_where_it_lies() {
    let place = Place::new();
    std::fs::create_dir_all(place.path().join("target/lockstep")).unwrap();
    place.write("Cargo.toml", "");
    std::fs::copy(crate::place::example("hello"), place.path().join("target/lockstep/hello.wasm")).unwrap();
    for args in [&["inspect", "."][..], &["inspect"]] {
        assert!(place.lockstep(args).expect(0).stdout.contains("greet"));
    }
}

#[test]
fn a_language_that_is_not_there_yet_is_said_to_be() {
    let place = Place::new();
    let ran = place.lockstep(["new", "greeter", "--lang", "cobol"]).expect(2);
    assert!(ran.stderr.contains("rust"), "{}", ran.stderr);
}
