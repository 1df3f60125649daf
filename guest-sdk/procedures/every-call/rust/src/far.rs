//! Requests, secrets and programs.

use lockstep::prelude::*;

use crate::refused;

const FAR: &str = "http://far.test";

pub fn ask(ctx: &Ctx) -> Result<()> {
    let [least, most]: [i64; 2] = ctx.output("numbers")?;
    info!("{least} {most}");
    let token = secret::by_id("TOKEN")?;
    let things = http::post(format!("{FAR}/things")).bearer(&token).header("x-plain", "yes").json(json!({ "most": most, "name": "ü" }));
    let made = things.timeout(secs(5)).idempotent().capture("/session", "SESSION").send()?.expect_status(201)?;
    info!("{} {}", made.status(), made.json_path::<String>("/id")?);
    let thing = format!("{FAR}/things/1");
    let session = secret::by_id("SESSION")?;
    http::put(&thing).bearer(&session).bytes([0, 255, 10, 0]).send()?.expect_success()?;
    let named = http::get(&thing).header("x-plain", "yes").as_probe().status(200).json("/name", "x").text("name").did_not(404).otherwise_did_not();
    http::patch(&thing).text("x".repeat(1 << 16)).probe(named).send()?.expect_success()?;
    http::head(&thing).send()?.expect_success()?;
    http::options(&thing).send()?.expect_text("is there")?;
    http::delete(&thing).send()?.expect_success()?;
    let found = http::get(format!("{FAR}/find")).query("q", "blue & grün").redirects(2).send()?.expect_json("/number", most)?;
    info!("{} {} {}", found.url(), found.header("X-Odd").unwrap_or_default(), found.json_path::<String>("/found/0")?);
    info!("{} {}", found.json_path::<i64>("/number")?, found.timing().total);
    ensure!(!found.truncated(), "the answer was cut");
    several()?;
    answers_no();
    Ok(())
}

fn several() -> Result<()> {
    let form = http::post(format!("{FAR}/form")).part("field", "a \"field\" of ü").part_file("file", "ü.bin", "application/octet-stream", [0, 255, 10]);
    form.idempotent().send()?.expect_status(201)?;
    let live = http::get(format!("{FAR}/live")).until(millis(10), secs(5)).until_status(200).until_json("/state", "live").until_json("/ready", true);
    info!("{}", live.until_text("live").send()?.tries());
    let image = http::get(format!("{FAR}/image")).into_artifact("image").send()?.expect_success()?.artifact()?;
    info!("{} {}", image.id(), image.text()?);
    http::put(format!("{FAR}/image")).header("content-type", "application/x-image").artifact(&image).send()?.expect_status(204)?;
    let thing = format!("{FAR}/things/1");
    for answer in http::all([http::get(&thing), http::put(&thing).text("ü"), http::get("http://elsewhere.test/")])? {
        info!("{}", answer.map_or_else(|failure| failure.code().to_owned(), |response| response.status().to_string()));
    }
    Ok(())
}

pub fn forget(_: &Ctx) -> Result<()> {
    http::delete(format!("{FAR}/things/1")).send()?.expect_success()?;
    Ok(())
}

fn answers_no() {
    let get = |path: &str| http::get(format!("{FAR}{path}"));
    refused("not there", get("/missing").send().and_then(|response| response.expect_status(200)));
    refused("no artifact of it", get("/missing").into_artifact("missing").send().and_then(|response| response.artifact()));
    refused("no connection", get("/broken").send());
    refused("no such name", get("/nowhere").send());
    refused("too late", get("/slow").timeout(secs(1)).send());
    refused("nobody knows", http::post(format!("{FAR}/slow")).timeout(secs(1)).send());
    refused("elsewhere", http::get("http://elsewhere.test/").send());
    refused("no url", http::get("far").send());
    refused("no header", get("/missing").header("a b", "").send());
    refused("no secret", secret::by_id("NONE"));
    refused("a secret without a value", secret::by_id("ABSENT"));
}

pub fn run(_: &Ctx) -> Result<()> {
    let token = secret::by_id("TOKEN")?;
    let tool = shell::command("/usr/bin/tool").args(["say", "it is", "", "ü"]).env("TOKEN", &token).env("PLAIN", "ü").directory("/box");
    let there = Probe::command("/usr/bin/look", ["there"]).happened(0).did_not(3).json("/there", true);
    let said = tool.stdin([0, 255, 10, 0]).timeout(secs(9)).probe(there).run()?.expect_success()?;
    info!("{} {} {} {}", said.code(), said.text()?, said.stderr().len(), said.duration().as_millis());
    ensure!(!said.truncated(), "the output was cut");
    shell::command("/usr/bin/look").run()?.expect_json("/there", true)?;
    let tool = |arg: &str| shell::command("/usr/bin/tool").arg(arg);
    let kept = tool("keep").idempotent().env_file("TOKEN", token).stdin_artifact(&artifact::by_id("odd")?).stdout_artifact("said").run()?.stdout_artifact()?;
    info!("{} {}", kept.id(), kept.text()?);
    let fails = tool("fail").idempotent().success_codes([0, 3]).run()?.expect_success()?;
    info!("{} {}", fails.is_success(), tool("fail").idempotent().run()?.is_success());
    refused("no success", tool("keep").idempotent().success_codes([1]).run().and_then(|exit| exit.expect_success()));
    refused("no artifact", tool("fail").idempotent().stdout_artifact("none").run().and_then(|exit| exit.stdout_artifact()));
    refused("fails", tool("fail").idempotent().run().and_then(|exit| exit.expect_success()));
    refused("too late", tool("sleep").idempotent().timeout(secs(1)).run());
    refused("nobody knows", tool("sleep").timeout(secs(1)).run());
    refused("not granted", shell::command("/usr/bin/other").run());
    refused("no program", shell::command("/usr/bin/none").run());
    refused("no path", shell::command("tool").run());
    Ok(())
}
