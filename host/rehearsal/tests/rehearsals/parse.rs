//! The scenario file: strict, with places.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lockstep_rehearsal::{Rehearsal, Scenario, Setting};
use lockstep_testkit::Script;

/// Every problem of a file, as an operator sees it.
fn problems(text: &str) -> Vec<String> {
    let errors = Scenario::parse(text, "s.toml", Path::new("/"), None).unwrap_err();
    errors.problems.iter().map(|problem| format!("{problem}{}", problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default())).collect()
}

#[test]
fn a_typo_is_named_with_its_place_wherever_it_stands() {
    let text = "descibe = \"x\"\n[[http]]\nrequest = \"GET https://api.test/\"\nstaus = 200\n[expect]\noutcom = \"undone\"\n";
    assert_eq!(
        problems(text),
        [
            "s.toml:1:1: unknown key `descibe` in the file (did you mean `describe`?)",
            "s.toml:4:1: unknown key `staus` in `http[0]` (did you mean `status`?)",
            "s.toml:6:1: unknown key `outcom` in `expect` (did you mean `outcome`?)"
        ]
    );
}

#[test]
fn what_could_mean_nothing_or_two_things_is_an_error() {
    for (text, expect) in [
        ("[[http]]\nstatus = 200\n", "has no `request`"),
        ("[[http]]\nrequest = \"GET https://api.test/\"\nbody = \"a\"\njson = {}\n", "two bodies"),
        ("[[http]]\nrequest = \"GET https://api.test/\"\nfail = \"http.conect\"\n", "did you mean `http.connect`?"),
        ("[[http]]\nrequest = \"GET https://api.test/\"\nfail = \"http.tls\"\nstatus = 200\n", "has no `status`"),
        ("[[http]]\nrequest = \"GET https://api.test/\"\nstatus = 200\nanswers = [{ status = 500 }]\n", "stands beside `answers`"),
        ("[[http]]\nrequest = \"GET https://api.test/\"\nanswers = []\n", "is empty"),
        ("[[http]]\nrequest = \"GET https://api.test/\"\nwhen = { live = \"blue\" }\n", "no name of `[world]`"),
        ("[[shell]]\nprogram = \"deploy\"\n", "absolute"),
        ("[[shell]]\nprogram = \"/deploy\"\nset = { \"/site/x\" = true }\n", "set to `true`"),
        ("[world]\n\"/site/x\" = \"a\"\n", "does not stand here"),
        ("[files]\n\"/site/x\" = { text = \"a\", link = \"b\" }\n", "expected one of"),
        ("[files]\n\"/site/../x\" = \"a\"\n", "no `..`"),
        ("[files]\n\"/site/x\" = \"a\"\n\"/site/x/y\" = \"b\"\n", "on the way to it"),
        ("[[db]]\ndatabase = \"shop\"\n", "has no `sql`"),
        ("[[db]]\ndatabase = \"shop\"\nsql = \"*\"\nfail = \"db.serialisation\"\n", "did you mean `db.serialization`?"),
        ("[[db]]\ndatabase = \"shop\"\nsql = \"*\"\ncolumns = [\"a\", \"b\"]\nrows = [[1]]\n", "1 values where there are 2 columns"),
        ("[[db]]\ndatabase = \"shop\"\nsql = \"*\"\nrows = [[[1]]]\n", "NULL is `{}`"),
        ("[expect.steps]\nswitch = \"undon\"\n", "did you mean `undone`?"),
        ("start = \"tomorrow\"\n", "RFC 3339"),
    ] {
        let found = problems(text).join("\n");
        assert!(found.contains(expect), "{text}\n{found}");
    }
}

#[test]
fn what_means_nothing_under_the_grant_is_said_before_anything_is_played() {
    let scenario = super::scenario("[secrets]\nOTHER = \"x\"\n[files]\n\"/elsewhere/x\" = \"a\"\n\"/site/y\" = \"b\"\n");
    let setting = Setting {
        procedure: Arc::new(Script::default()),
        grant: lockstep_testkit::grant(super::GRANT),
        grant_file: "/test.toml".to_owned(),
        environment: "test".to_owned(),
        parameters: BTreeMap::new(),
        engine: "lockstep test".to_owned(),
    };
    let problems = Rehearsal::new(scenario, setting).err().unwrap();
    assert_eq!(problems, ["[secrets] has `OTHER`, which the grant does not declare", "[files] has `/elsewhere/x`, which is below no mount of the grant"]);
}

#[test]
fn the_scenario_in_the_reference_is_valid() {
    let block = lockstep_rehearsal::REFERENCE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    super::scenario(block);
}
