//! Reserves a room, and takes the reservation back unless the inn confirms it: a call of each kind for a crash to happen in.

use lockstep::prelude::*;

lockstep::procedure!(crash);

fn crash(p: &mut Procedure) {
    p.describe("crash", "0.1.0").title("Reserve a room, and take it back unless it is confirmed");
    p.parameter("inn").title("Where the inn answers");
    p.step("look", "The room is free", look);
    p.step("note", "The desk has a note", note).undo(|_| files::remove("/desk/note")).on_failure_undo();
    p.step("reserve", "The room is reserved", reserve).undo(cancel).on_failure_undo();
    p.step("wait", "An hour has passed", |_: &Ctx| clock::sleep(minutes(60)));
    p.step("confirm", "The inn has confirmed", confirm).on_failure_undo();
}

fn look(ctx: &Ctx) -> Result<u32> {
    let inn: String = ctx.parameter("inn")?;
    http::get(format!("{inn}/rooms/7")).send()?.expect_json("/free", true)?.json_path("/price")
}

fn note(ctx: &Ctx) -> Result<()> {
    files::write_text("/desk/note", &format!("room 7 for {}", ctx.output::<u32>("look")?))
}

/// The inn keeps a reservation under the key that the host sends with it. It is remembered first, so that the undo finds it whatever happens.
fn reserve(ctx: &Ctx) -> Result<String> {
    let (inn, key) = (ctx.parameter::<String>("inn")?, ctx.idempotency_key());
    let place = format!("{inn}/reservations/{key}");
    ctx.remember("place", &place)?;
    let made = Probe::http(&place).status(200).json("/state", "made").did_not(404);
    http::post(format!("{inn}/reservations")).json(json!({ "room": 7 })).probe(made).send()?.expect_success()?;
    Ok(place)
}

fn cancel(ctx: &Ctx) -> Result<()> {
    if let Some(place) = ctx.recall::<String>("place")? {
        http::delete(place).send()?.expect_success()?;
    }
    Ok(())
}

fn confirm(ctx: &Ctx) -> Result<()> {
    let place: String = ctx.output("reserve")?;
    http::get(place).send()?.expect_json("/confirmed", true)?;
    Ok(())
}
