//! What each guest language costs: its build, its component, its start, its calls. Prints a table; the targets stand below it.
//!
//! As a test it only shows that it works, with the first language and without its builds, which take minutes.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program of its own that starts builds, measures and prints a table"
)]

#[path = "../tests/runtime/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests, which use more of it")]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lockstep_engine::Procedure as _;
use lockstep_model::StepId;
use lockstep_runtime::{Limits, LoadedProcedure, Runtime, RuntimeOptions};

use support::World;

/// How a language is called on the command line, the ending of its examples in `target/guests`, and the file that a new project's steps are declared in.
const LANGUAGES: &[(&str, &str, &str)] = &[
    ("rust", "", "src/lib.rs"),
    ("c", "-c", "src/procedure.c"),
    ("go", "-go", "procedure.go"),
    ("typescript", "-typescript", "src/main.ts"),
    ("python", "-python", "src/main.py"),
];

/// Calls in one step, so that the step itself does not count.
const CALLS: u32 = 2_000;

fn main() {
    let built = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
    let (lockstep, guests) = (built.join("lockstep"), built.join("../guests"));
    if !lockstep.exists() || !guests.join("often-python.wasm").exists() {
        println!("languages: lockstep or the examples are missing: run scripts/bench, which builds them");
        return;
    }
    let measures = std::env::args().any(|argument| argument == "--bench");
    println!(
        "{:<12}{:>11}{:>11}{:>11}{:>11}{:>11}{:>11}{:>11}{:>11}{:>11}",
        "", "clean", "changed", "size", "compile", "load", "start", "step", "call", "recorded"
    );
    for (language, ending, source) in LANGUAGES.iter().take(if measures { LANGUAGES.len() } else { 1 }) {
        let [clean, changed] = if measures { builds(&lockstep, language, source) } else { Default::default() };
        let guest = |case: &str| std::fs::read(guests.join(format!("{case}{ending}.wasm"))).unwrap();
        let row = Row::of(&guest("hello"), &guest("often"));
        println!("{language:<12}{clean:>11}{changed:>11}{row}");
    }
    println!();
    println!("clean, changed  `lockstep build` of a new project with its tools there, from nothing and after a change of its source");
    println!("size            of `hello`; compile, load: of it, from its bytes and from the cache");
    println!("start           its plan, which is an instance and the procedure declared once (targets: under 5 ms, Rust and C under 1 ms)");
    println!("step            its step: as the start, with a parameter asked for and a line logged");
    println!("call            one of {CALLS} calls in a step of `often` that ask nobody: what is beside an effect (target: under 5 µs)");
    println!("recorded        the same of calls that are kept in a journal in memory");
}

/// What one language's components cost.
struct Row {
    size: usize,
    compile: Duration,
    load: Duration,
    start: Duration,
    step: Duration,
    call: Duration,
    recorded: Duration,
}

impl Row {
    fn of(hello: &[u8], often: &[u8]) -> Self {
        let cache = tempfile::tempdir().unwrap();
        let options = || RuntimeOptions { cache_dir: Some(cache.path().to_owned()) };
        let size = hello.len();
        let compile = median(3, || (), |()| load(&Runtime::new(RuntimeOptions::default()).unwrap(), hello));
        let runtime = Runtime::new(options()).unwrap();
        load(&runtime, hello);
        let loaded = median(20, || (), |()| load(&runtime, hello));
        let (hello, often) = (load(&runtime, hello), load(&runtime, often));
        let start = median(100, || (), |()| hello.describe().unwrap());
        let step = stepping(&hello, "greet", &[("who", "Ada")], 100);
        let (times, no) = (CALLS.to_string(), [("times", "0")]);
        let per_call = |step: &str| stepping(&often, step, &[("times", &times)], 20).saturating_sub(stepping(&often, step, &no, 100)) / CALLS;
        Self { size, compile, load: loaded, start, step, call: per_call("count"), recorded: per_call("draw") }
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = format!("{} KiB", self.size / 1_024);
        write!(f, "{size:>11}")?;
        for time in [self.compile, self.load, self.start, self.step] {
            write!(f, "{:>11}", format!("{:.2} ms", time.as_secs_f64() * 1e3))?;
        }
        for time in [self.call, self.recorded] {
            write!(f, "{:>11}", format!("{:.2} µs", time.as_secs_f64() * 1e6))?;
        }
        Ok(())
    }
}

fn load(runtime: &Runtime, component: &[u8]) -> LoadedProcedure {
    runtime.load(component, Limits::default()).unwrap()
}

/// One step again and again, each in a run of its own, whose making does not count.
fn stepping(procedure: &LoadedProcedure, step: &str, parameters: &[(&str, &str)], rounds: usize) -> Duration {
    let id = StepId::parse(step).unwrap();
    median(rounds, || World::of(step, parameters).gate(), |gate| procedure.run_step(&id, gate).unwrap())
}

/// The median of `rounds` pieces of work, each with something made ready for it.
fn median<T, R>(rounds: usize, ready: impl Fn() -> R, work: impl Fn(R) -> T) -> Duration {
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let ready = ready();
            let began = Instant::now();
            std::hint::black_box(work(ready));
            began.elapsed()
        })
        .collect();
    times.sort();
    times[rounds / 2]
}

/// How long a new project of the language takes to build from nothing, and after a change; the first build, which installs its tools, does not count.
fn builds(lockstep: &Path, language: &str, source: &str) -> [String; 2] {
    let place = tempfile::tempdir().unwrap();
    let project = place.path().join("greeter");
    assert!(run(Command::new(lockstep).args(["new", "greeter", "--lang", language]).current_dir(place.path())), "lockstep new --lang {language}");
    let kept = place.path().join("kept");
    if !build(lockstep, &project, &kept) {
        return ["no tools".to_owned(), "no tools".to_owned()];
    }
    std::fs::remove_dir_all(project.join("target")).unwrap();
    let clean = timed(|| build(lockstep, &project, &place.path().join("fresh")));
    let source = project.join(source);
    let text = std::fs::read_to_string(&source).unwrap();
    assert!(text.contains("hello, "), "{} greets otherwise", source.display());
    std::fs::write(&source, text.replace("hello, ", "hello there, ")).unwrap();
    [clean, timed(|| build(lockstep, &project, &place.path().join("fresh")))]
}

/// Go keeps what it has compiled outside of the project: here in a folder of this place.
fn build(lockstep: &Path, project: &Path, go_cache: &Path) -> bool {
    run(Command::new(lockstep).arg("build").current_dir(project).env("GOCACHE", go_cache).env_remove("CARGO_TARGET_DIR"))
}

fn run(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

fn timed(work: impl FnOnce() -> bool) -> String {
    let began = Instant::now();
    assert!(work(), "what was built once builds again");
    format!("{:.1} s", began.elapsed().as_secs_f64())
}
