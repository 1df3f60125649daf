//! `[[http]]`, `[[shell]]` and `[[kube]]`: which calls are answered, and how, one answer after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_grant::read::{Item, Section};
use lockstep_grant::{CommandPattern, Glob, HttpPattern};
use lockstep_model::request::Header;
use lockstep_model::{Content, Failure};

use super::json::json;
use super::{Answer, HttpAnswer, HttpMatch, KubeAnswer, Rule, ShellAnswer, things};

/// The longest delay: a year, like the longest sleep.
const LONGEST_DELAY: Duration = Duration::from_secs(31_536_000);
/// The most often that an answer is given before the next one.
const MOST_TIMES: u64 = 1_000_000;

/// What an http answer can fail with, and whether the driver says that trying again may help.
const HTTP_FAILURES: &[(&str, bool)] = &[
    ("http.dns", true),
    ("http.connect", true),
    ("http.tls", false),
    ("http.proxy", false),
    ("http.protocol", true),
    ("http.redirects", false),
    ("http.limit", false),
];
/// What a shell answer can fail with.
const SHELL_FAILURES: &[(&str, bool)] = &[("shell.program-missing", false), ("shell.start", true)];
/// What an answer of a cluster can fail with.
const KUBE_FAILURES: &[(&str, bool)] = &[
    ("kube.connect", true),
    ("kube.tls", false),
    ("kube.auth", false),
    ("kube.forbidden", false),
    ("kube.missing", false),
    ("kube.conflict", true),
    ("kube.throttled", true),
    ("kube.invalid", false),
    ("kube.rollout-failed", false),
];
/// The deadline passed: it may have happened.
const TIMED_OUT: &str = "timed-out";

const HTTP_KEYS: &[&str] = &["request", "with-headers", "with-body", "when", "answers", "status", "headers", "body", "json", "delay", "fail", "set", "times"];
const HTTP_ANSWER_KEYS: &[&str] = &["status", "headers", "body", "json", "delay", "fail", "set", "times"];
const SHELL_KEYS: &[&str] = &["program", "args", "when", "answers", "code", "stdout", "stderr", "delay", "fail", "set", "times"];
const SHELL_ANSWER_KEYS: &[&str] = &["code", "stdout", "stderr", "delay", "fail", "set", "times"];

const KUBE_KEYS: &[&str] = &["call", "when", "answers", "object", "text", "entries", "delay", "fail", "set", "times"];
const KUBE_ANSWER_KEYS: &[&str] = &["object", "text", "entries", "delay", "fail", "set", "times"];

pub(super) type Known = BTreeMap<String, String>;

pub(super) fn http(item: &Item<'_, '_>, known: &Known) -> Option<Rule<HttpMatch, HttpAnswer>> {
    let section = item.section(HTTP_KEYS)?;
    let request = section.need("request", "\"GET https://api.test/health\"").and_then(|item| HttpPattern::read(&item));
    let headers = section.get("with-headers").map(|item| item.entries()).unwrap_or_default();
    let headers = headers.into_iter().filter_map(|(name, item)| Some((name.to_ascii_lowercase(), item.parsed(Glob::parse)?))).collect();
    let body = section.get("with-body").and_then(|item| item.parsed(Glob::parse));
    let (when, answers) = rest(item, &section, known, HTTP_ANSWER_KEYS, http_answer);
    Some(Rule { place: item.place(), matches: HttpMatch { request: request?, headers, body }, when, answers })
}

pub(super) fn shell(item: &Item<'_, '_>, known: &Known) -> Option<Rule<CommandPattern, ShellAnswer>> {
    let section = item.section(SHELL_KEYS)?;
    let command = CommandPattern::read(&section);
    let (when, answers) = rest(item, &section, known, SHELL_ANSWER_KEYS, shell_answer);
    Some(Rule { place: item.place(), matches: command?, when, answers })
}

pub(super) fn kube(item: &Item<'_, '_>, known: &Known) -> Option<Rule<Glob, KubeAnswer>> {
    let section = item.section(KUBE_KEYS)?;
    let call = section.need("call", "\"read apps/v1/Deployment shop/api\"").and_then(|item| item.parsed(Glob::parse));
    let (when, answers) = rest(item, &section, known, KUBE_ANSWER_KEYS, kube_answer);
    Some(Rule { place: item.place(), matches: call?, when, answers })
}

/// Conditions, and the answers: a list of them, or one whose keys stand in the rule itself.
pub(super) fn rest<A>(
    item: &Item<'_, '_>,
    section: &Section<'_, '_>,
    known: &Known,
    keys: &'static [&'static str],
    read: impl Fn(&Section<'_, '_>, &Known) -> Answer<A>,
) -> (Vec<super::Fact>, Vec<Answer<A>>) {
    let when = section.get("when").map(|item| things::facts(&item, known)).unwrap_or_default();
    let Some(list) = section.get("answers") else { return (when, vec![read(section, known)]) };
    if let Some(key) = keys.iter().find(|key| section.get(key).is_some()) {
        list.reject(format_args!("`{key}` stands beside `answers`: put it into one of them"));
    }
    let items = list.items();
    if items.is_empty() {
        item.reject("`answers` is empty: a call that this rule is about would get none");
    }
    let mut answers: Vec<Answer<A>> = Vec::new();
    for item in &items {
        if answers.last().is_some_and(|before| before.times.is_none()) {
            // Most sequences are one after the other; only the last of them is for ever.
            answers.last_mut().into_iter().for_each(|before| before.times = Some(1));
        }
        answers.extend(item.section(keys).map(|section| read(&section, known)));
    }
    (when, answers)
}

pub(super) fn answer<A>(section: &Section<'_, '_>, known: &Known, gives: Result<A, Failure>) -> Answer<A> {
    Answer {
        gives,
        delay: section.get("delay").and_then(|item| item.duration(Duration::ZERO..=LONGEST_DELAY)).unwrap_or_default(),
        set: section.get("set").map(|item| things::changes(&item, known)).unwrap_or_default(),
        times: section.get("times").and_then(|item| item.number(1..=MOST_TIMES)).and_then(|times| u32::try_from(times).ok()),
    }
}

fn http_answer(section: &Section<'_, '_>, known: &Known) -> Answer<HttpAnswer> {
    let status = section.get("status").and_then(|item| item.number(100..=599)).and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let entries = section.get("headers").map(|item| item.entries()).unwrap_or_default();
    let header = |(name, item): (&str, Item<'_, '_>)| Some(Header { name: name.to_ascii_lowercase(), value: item.scalar()? });
    let mut headers: Vec<Header> = entries.into_iter().filter_map(header).collect();
    let body = match (section.get("body"), section.get("json")) {
        (Some(body), None) => body.text().map(Content::from),
        (None, Some(item)) => {
            if !headers.iter().any(|header| header.name == "content-type") {
                headers.push(Header { name: "content-type".to_owned(), value: "application/json".to_owned() });
            }
            json(item.value()).map_err(|error| item.reject(error)).ok().map(|value| Content::from(value.to_string().as_str()))
        }
        (Some(_), Some(json)) => {
            json.reject("`body` and `json` are two bodies: leave one out");
            None
        }
        (None, None) => None,
    };
    let gives = HttpAnswer { status, headers, body: body.unwrap_or_default() };
    answer(section, known, failure(section, HTTP_FAILURES, &["status", "headers", "body", "json"]).map_or(Ok(gives), Err))
}

fn shell_answer(section: &Section<'_, '_>, known: &Known) -> Answer<ShellAnswer> {
    let code = section.get("code").and_then(|item| item.number(0..=255)).and_then(|code| i32::try_from(code).ok()).unwrap_or(0);
    let output = |key| section.get(key).and_then(|item| item.text()).map(Content::from).unwrap_or_default();
    let gives = ShellAnswer { code, stdout: output("stdout"), stderr: output("stderr") };
    answer(section, known, failure(section, SHELL_FAILURES, &["code", "stdout", "stderr"]).map_or(Ok(gives), Err))
}

fn kube_answer(section: &Section<'_, '_>, known: &Known) -> Answer<KubeAnswer> {
    let value = |item: &Item<'_, '_>| json(item.value()).map_err(|error| item.reject(error)).ok();
    let gives = KubeAnswer {
        object: section.get("object").and_then(|item| value(&item)),
        text: section.get("text").and_then(|item| item.text()).map(Content::from).unwrap_or_default(),
        entries: section.get("entries").map(|item| item.items()).unwrap_or_default().iter().filter_map(value).collect(),
    };
    answer(section, known, failure(section, KUBE_FAILURES, &["object", "text", "entries"]).map_or(Ok(gives), Err))
}

/// `fail`: the code that the driver would give.
pub(super) fn failure(section: &Section<'_, '_>, codes: &[(&'static str, bool)], instead_of: &[&str]) -> Option<Failure> {
    let item = section.get("fail")?;
    if let Some(key) = instead_of.iter().find(|key| section.get(key).is_some()) {
        item.reject(format_args!("a call that fails has no `{key}`"));
    }
    let words: Vec<(&'static str, Option<bool>)> = codes.iter().map(|(code, retryable)| (*code, Some(*retryable))).chain([(TIMED_OUT, None)]).collect();
    let code = item.text()?;
    let message = "the scenario says so";
    Some(match item.word(&words)? {
        Some(true) => Failure::retryable(code, message),
        Some(false) => Failure::problem(code, message),
        None => Failure::TimedOut(message.to_owned()),
    })
}
