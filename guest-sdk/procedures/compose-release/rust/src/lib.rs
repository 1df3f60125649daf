//! Releases an image with docker compose and no outage: both images are there and pinned by digest before anything is touched, the new version starts in the slot
//! beside the old one, gets the traffic, and only then is the old one stopped. Its container and image stay, so that there is a way back.

mod engine;

use lockstep::prelude::*;

lockstep::procedure!(compose_release);

/// Which slot the front sends clients to: it reads this file for each of them.
const FRONT: &str = "/front/slot";

fn compose_release(p: &mut Procedure) {
    p.describe("compose-release", "0.1.0").title("Put an image live beside the old one, and take it back if it is not as good");
    p.parameter("image").title("The image to release, with a tag or a digest");
    p.parameter("compose-file").title("The project, with a service `blue` and a service `green`");
    p.parameter("docker").title("The client").fallback("/usr/bin/docker");
    p.parameter("docker-compose").title("And that of compose").fallback("/usr/bin/docker-compose");
    p.parameter("front").title("Where clients reach the service").fallback("http://127.0.0.1:8080");
    p.parameter("blue").title("Where the slot blue answers").fallback("http://127.0.0.1:8081");
    p.parameter("green").title("Where the slot green answers").fallback("http://127.0.0.1:8082");
    p.parameter("soak-seconds").title("How long both run after the switch").fallback(30);
    p.parameter("how").title("Side by side, or `down` first as the old runbook had it").choices(["side-by-side", "down-first"]).fallback("side-by-side");

    p.phase("Pre-flight");
    p.step("present", "One slot serves, and the digest of its image is known", present);
    p.step("images", "Both images are on this machine, each known by its digest", images).timeout(minutes(10));

    p.phase("Release");
    p.step("start", "The new version runs in the idle slot", start).undo(stop).timeout(minutes(3));
    p.step("healthy", "It is healthy", healthy).timeout(minutes(2));

    p.phase("Traffic");
    p.step("switch", "Clients reach the new version", switch).undo(switch_back);
    p.step("verify", "It answers them", verify).timeout(minutes(2));
    p.step("soak", "It goes on doing so while the old one is kept", soak);
    p.step("retire", "The old version is stopped; its container and image stay", retire).undo(bring_back).timeout(minutes(3));
}

/// What the pre-flight found.
#[derive(Serialize, Deserialize)]
#[serde(crate = "lockstep::serde")]
struct Slots {
    /// The slot that serves.
    live: String,
    /// The slot for the new version.
    idle: String,
    /// What the live one runs, by digest: whatever its tag comes to mean, this is what an undo puts back.
    image: String,
}

fn slots(ctx: &Ctx) -> Result<Slots> {
    ctx.output("present")
}

fn present(ctx: &Ctx) -> Result<Slots> {
    let live = files::read_text(FRONT)?.trim().to_owned();
    let idle = match live.as_str() {
        "blue" => "green",
        "green" => "blue",
        _ => bail!("{FRONT} says {live:?}: expected blue or green"),
    };
    answers(&ctx.parameter::<String>("front")?)?;
    let image = engine::image_of(ctx, &live)?;
    info!("{live} serves {image}; {idle} is idle");
    Ok(Slots { live, idle: idle.to_owned(), image })
}

/// The output is the new image by its digest: what was pulled here is what is started later, wherever its tag points by then.
fn images(ctx: &Ctx) -> Result<String> {
    let pinned = engine::pull(ctx, &ctx.parameter::<String>("image")?)?;
    engine::expect_there(ctx, &slots(ctx)?.image)?;
    info!("{pinned} is here");
    Ok(pinned)
}

fn start(ctx: &Ctx) -> Result<()> {
    if ctx.parameter::<String>("how")? == "down-first" {
        engine::compose(ctx, &["down"])?.run()?.expect_success()?;
    }
    let Slots { live, idle, image } = slots(ctx)?;
    engine::up(ctx, &idle, &[(&idle, ctx.output::<String>("images")?.as_str()), (&live, &image)])
}

fn stop(ctx: &Ctx) -> Result<()> {
    engine::stop(ctx, &slots(ctx)?.idle)
}

fn healthy(ctx: &Ctx) -> Result<()> {
    serves(ctx, &slots(ctx)?.idle)
}

/// Until a slot answers by itself.
fn serves(ctx: &Ctx, slot: &str) -> Result<()> {
    let address: String = ctx.parameter(slot)?;
    within(minutes(1)).every(millis(200)).until(|| http::get(format!("{address}/health")).send()?.expect_status(200).map(drop))
}

/// What a client would notice.
fn answers(address: &str) -> Result<()> {
    http::get(format!("{address}/health")).send()?.expect_status(200)?;
    http::get(format!("{address}/shop")).send()?.expect_status(200)?;
    Ok(())
}

fn switch(ctx: &Ctx) -> Result<()> {
    send_clients_to(&slots(ctx)?.idle)
}

fn switch_back(ctx: &Ctx) -> Result<()> {
    send_clients_to(&slots(ctx)?.live)
}

fn send_clients_to(slot: &str) -> Result<()> {
    info!("clients are sent to {slot}");
    files::write_text(FRONT, &format!("{slot}\n"))
}

fn verify(ctx: &Ctx) -> Result<()> {
    let front: String = ctx.parameter("front")?;
    during(secs(2)).every(millis(200)).always(|| answers(&front))
}

fn soak(ctx: &Ctx) -> Result<()> {
    clock::sleep(secs(ctx.parameter("soak-seconds")?))?;
    verify(ctx)
}

fn retire(ctx: &Ctx) -> Result<()> {
    let Slots { live, idle, .. } = slots(ctx)?;
    let serving = files::read_text(FRONT)?;
    ensure!(serving.trim() == idle, "the front no longer goes to {idle}: somebody has switched by hand");
    engine::stop(ctx, &live)
}

/// The recorded digest, not what its tag means by now.
fn bring_back(ctx: &Ctx) -> Result<()> {
    let Slots { live, idle, image } = slots(ctx)?;
    engine::up(ctx, &live, &[(&live, &image), (&idle, ctx.output::<String>("images")?.as_str())])?;
    serves(ctx, &live)
}
