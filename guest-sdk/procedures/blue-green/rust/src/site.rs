//! The site: two slots, a link that says which one serves, and the program that starts and stops a slot's service.

use lockstep::prelude::*;

/// The link that the front follows.
const CURRENT: &str = "/site/current";

/// What the pre-flight found: which slot serves, and which is idle.
#[derive(Serialize, Deserialize)]
#[serde(crate = "lockstep::serde")]
pub struct Slots {
    /// The slot that serves.
    pub live: String,
    /// The version in it.
    pub live_version: String,
    /// The slot for the new version.
    pub idle: String,
}

impl Slots {
    /// As the step `current` found them.
    pub fn of(ctx: &Ctx) -> Result<Self> {
        ctx.output("current")
    }
}

/// The slot that the link points to.
pub fn live_slot() -> Result<String> {
    let target = files::link_target(CURRENT)?.ok_or_else(|| fail(format!("{CURRENT} is not a link: the site has never been set up")))?;
    match target.strip_prefix("slots/") {
        Some(slot @ ("blue" | "green")) => Ok(slot.to_owned()),
        _ => bail!("{CURRENT} points to {target}: expected slots/blue or slots/green"),
    }
}

/// Where the service of a slot answers.
pub fn address(slot: &str) -> Result<String> {
    let port = files::read_text(&format!("/site/slots/{slot}/port"))?;
    Ok(format!("http://127.0.0.1:{}", port.trim()))
}

/// The service's own command for a slot. It may be repeated: starting what runs and stopping what does not are both well.
pub fn service(ctx: &Ctx, verb: &str, slot: &str) -> Result<shell::Command> {
    let site: String = ctx.parameter("site")?;
    let program: String = ctx.parameter("service")?;
    Ok(shell::command(program).arg(verb).arg("--state").arg(format!("{site}/state/{slot}")).idempotent())
}

pub fn switch(ctx: &Ctx) -> Result<()> {
    point_to(&Slots::of(ctx)?.idle)
}

pub fn switch_back(ctx: &Ctx) -> Result<()> {
    point_to(&Slots::of(ctx)?.live)
}

/// One rename: a request follows the old link or the new one, never none.
fn point_to(slot: &str) -> Result<()> {
    info!("clients are sent to {slot}");
    files::link(CURRENT, &format!("slots/{slot}"))
}

/// The point of no return: after this, going back means releasing the old version again.
pub fn retire(ctx: &Ctx) -> Result<()> {
    let slots = Slots::of(ctx)?;
    ensure!(live_slot()? == slots.idle, "the link no longer points to {}: somebody has switched by hand", slots.idle);
    service(ctx, "stop", &slots.live)?.run()?.expect_success()?;
    info!("{} of version {} is stopped", slots.live, slots.live_version);
    Ok(())
}
