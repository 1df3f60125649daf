//! How it looks: plain where nobody sits, nothing asked for, a page for every error.

use crate::place::Place;

#[test]
fn without_a_terminal_there_is_no_colour_and_no_cursor_movement() {
    let place = Place::new();
    let env = place.write("hello.toml", "");
    let ran = place.lockstep(["run".into(), crate::place::example("hello").into_os_string(), "--env".into(), env.into_os_string()]).expect(0);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("greet"), "progress is talk: {}", ran.stderr);
    assert!(!ran.stdout.contains("greet"), "the result is data: {}", ran.stdout);
}

#[test]
fn every_error_code_has_a_page() {
    let place = Place::new();
    let list = place.lockstep(["explain", "--json"]).expect(0).json();
    let codes: Vec<_> = list.as_array().expect("a list").iter().filter_map(|entry| entry["code"].as_str().map(str::to_owned)).collect();
    assert!(codes.len() > 30, "{codes:?}");
    for code in codes {
        let page = place.lockstep(["explain", &code]).expect(0).stdout;
        assert!(page.lines().count() > 2, "{code}: {page}");
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.lockstep(["completions", shell]).expect(0).stdout.contains("lockstep"));
    }
}

#[test]
fn the_doctor_measures_the_disk() {
    let place = Place::new();
    let ran = place.lockstep(["doctor"]);
    assert!(ran.stdout.contains("p50") && ran.stdout.contains("p99"), "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn a_usage_error_exits_with_2() {
    let place = Place::new();
    let ran = place.lockstep(["rnu"]).expect(2);
    assert!(ran.stderr.contains("error[LS0001]") && ran.stderr.contains("run"), "{}", ran.stderr);
}
