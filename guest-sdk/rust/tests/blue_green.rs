//! A whole deployment in the SDK's words: proves that a procedure of real size compiles, plans as it reads, and needs no generated name.

use lockstep::prelude::*;
use lockstep::testing::{self, Undo};

lockstep::procedure!(blue_green);

fn blue_green(p: &mut Procedure) {
    p.describe("blue-green", "0.1.0").title("Put a new version on the idle slot, prove it, switch, retire the old one");
    p.parameter("release").title("Version to deploy, 2.0.0 for example");
    p.parameter("digest").title("SHA-256 of the release's program");
    p.parameter("soak").title("Seconds to keep the old version at hand").fallback(30);

    p.phase("Pre-flight");
    p.step("pre-flight", "Work tree, tag, disk and the live version are as they should be", pre_flight);
    p.step("artifact", "Pin the release's program", pin_artifact).timeout(minutes(1));

    p.phase("Deploy");
    p.step("start", "Start the new version on the idle slot", start).undo(stop).timeout(secs(30)).retry(3, millis(200));
    p.step("smoke", "It is healthy, lets the right people in, and only them", smoke).retry(2, secs(1));
    p.step("switch", "Switch the front to the new slot", switch).undo(switch_back).on_failure_undo();
    p.step("verify", "The front serves the new version", verify);

    p.phase("Retire");
    if p.value::<u32>("soak").is_some_and(|seconds| seconds > 0) {
        p.step("soak", "Keep the old version at hand", soak).expected(secs(30));
    }
    p.step("retire", "Stop and remove the old version", retire).irreversible();
}

const FRONT: &str = "http://127.0.0.1:8080";
const LIVE: &str = "/app/live";

/// The side of the front that this run deploys to, and the one that serves until then.
#[derive(Clone, Serialize, Deserialize)]
struct Slots {
    idle: String,
    live: String,
}

impl Slots {
    fn port(&self) -> u16 {
        if self.idle == "blue" { 8081 } else { 8082 }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }
}

fn pre_flight(ctx: &Ctx) -> Result<Slots> {
    let release: String = ctx.parameter("release")?;
    git(["status", "--porcelain"])?.expect_success()?.expect_no_output().context("the work tree has changes")?;
    git(["tag", "--list", &release])?.expect_success()?.expect_no_output().context("the release is tagged already")?;
    files::expect_disk_free("/app", mib(200))?;
    let current: String = http::get(format!("{FRONT}/version")).send()?.expect_status(200)?.json_path("/version")?;
    ensure!(current != release, "{release} is live already");
    http::get(format!("{FRONT}/health")).send()?.expect_status(200)?.expect_json("/status", "ok")?;

    let live = files::link_target(LIVE)?.context("no slot is live")?;
    let idle = if live == "blue" { "green" } else { "blue" };
    info!("{current} serves from {live}; {release} goes to {idle}"; current = current, release = release);
    Ok(Slots { idle: idle.into(), live })
}

fn git<const N: usize>(args: [&str; N]) -> Result<shell::Exit> {
    shell::command("/usr/bin/git").args(args).directory("/srv/shop").run()
}

fn pin_artifact(ctx: &Ctx) -> Result<String> {
    let (release, digest): (String, String) = (ctx.parameter("release")?, ctx.parameter("digest")?);
    let program = files::keep(&format!("/build/shop-{release}"), "release")?.expect_digest(&digest)?;
    Ok(program.digest())
}

fn start(ctx: &Ctx) -> Result<u32> {
    let slots: Slots = ctx.output("pre-flight")?;
    let folder = format!("/app/{}", slots.idle);
    ctx.remember("folder", &folder)?;
    files::place_program(&format!("{folder}/shop"), &artifact::by_id("release")?)?;
    files::write_json(&format!("{folder}/config.json"), json!({ "slot": slots.idle, "port": slots.port() }))?;
    let started = shell::command(format!("{folder}/shop")).args(["start", "--slot", &slots.idle]).idempotent().run()?;
    started.expect_success()?.json_path("/pid")
}

fn stop(ctx: &Ctx) -> Result<()> {
    let Some(folder) = ctx.recall::<String>("folder")? else { return Ok(()) };
    if files::exists(&format!("{folder}/shop"))? {
        shell::command(format!("{folder}/shop")).arg("stop").idempotent().run()?.expect_success()?;
    }
    files::remove(&folder)
}

fn smoke(ctx: &Ctx) -> Result<()> {
    let slot = ctx.output::<Slots>("pre-flight")?.url();
    within(secs(10)).every(millis(100)).until(|| http::get(format!("{slot}/health")).send()?.expect_status(200))?;

    http::post(format!("{slot}/login"))
        .json(json!({ "user": "smoke", "password": secret::by_id("smoke-password")? }))
        .capture("/token", "session")
        .send()?
        .expect_status(200)?;
    let session = secret::by_id("session")?;
    http::get(format!("{slot}/orders")).bearer(&session).send()?.expect_status(200)?;
    http::get(format!("{slot}/orders")).send()?.expect_status(401).context("orders without a token")?;
    Ok(())
}

fn switch(ctx: &Ctx) -> Result<()> {
    files::link(LIVE, &ctx.output::<Slots>("pre-flight")?.idle)
}

fn switch_back(ctx: &Ctx) -> Result<()> {
    files::link(LIVE, &ctx.output::<Slots>("pre-flight")?.live)
}

fn verify(ctx: &Ctx) -> Result<()> {
    let release: String = ctx.parameter("release")?;
    let look = || http::get(format!("{FRONT}/version")).send()?.expect_status(200)?.expect_json("/version", &release);
    within(secs(10)).every(millis(200)).until(look)?;
    during(secs(3)).every(millis(500)).always(|| look()?.expect_faster_than(secs(1)).map(drop))
}

fn soak(ctx: &Ctx) -> Result<()> {
    clock::sleep(secs(ctx.parameter("soak")?))
}

fn retire(ctx: &Ctx) -> Result<()> {
    let folder = format!("/app/{}", ctx.output::<Slots>("pre-flight")?.live);
    shell::command(format!("{folder}/shop")).arg("stop").idempotent().run()?.expect_success()?;
    files::remove(&folder)
}

#[test]
fn the_plan_reads_as_the_runbook() {
    let plan = testing::plan(blue_green, [("release", "2.0.0")]).unwrap();
    let lines: Vec<_> = plan.iter().map(|step| (step.phase.as_deref().unwrap_or_default(), step.id.as_str(), step.undo)).collect();
    assert_eq!(
        lines,
        [
            ("Pre-flight", "pre-flight", Undo::Nothing),
            ("Pre-flight", "artifact", Undo::Nothing),
            ("Deploy", "start", Undo::Declared),
            ("Deploy", "smoke", Undo::Nothing),
            ("Deploy", "switch", Undo::Declared),
            ("Deploy", "verify", Undo::Nothing),
            ("Retire", "soak", Undo::Nothing),
            ("Retire", "retire", Undo::Irreversible),
        ]
    );
}

#[test]
fn no_soak_is_planned_when_none_is_wanted() {
    let plan = testing::plan(blue_green, [("release", "2.0.0"), ("soak", "0")]).unwrap();
    assert!(plan.iter().all(|step| step.id != "soak"));
}
