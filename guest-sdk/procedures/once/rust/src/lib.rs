//! Two things that must not be done twice, each with a probe that says whether it happened.

use lockstep::prelude::*;

lockstep::procedure!(once);

fn once(p: &mut Procedure) {
    p.describe("once", "0.1.0").title("Pay an invoice and write that it is paid, once each");
    p.parameter("bank").title("Where payments are made");
    p.parameter("mail").title("The program that sends letters");
    p.step("pay", "The invoice is paid", pay).irreversible();
    p.step("write", "The supplier has a letter", write).irreversible();
}

/// The bank keeps a payment under the key that the host sends with it.
fn pay(ctx: &Ctx) -> Result<()> {
    let payments = format!("{}/payments", ctx.parameter::<String>("bank")?);
    let booked = Probe::http(format!("{payments}/{}", ctx.idempotency_key())).status(200).json("/state", "booked").did_not(404);
    let receipt = http::post(payments).json(json!({ "invoice": 4711 })).probe(booked).send()?.expect_json("/state", "booked")?;
    info!("paid: {}", receipt.json_path::<String>("/state")?);
    Ok(())
}

fn write(ctx: &Ctx) -> Result<()> {
    let mail: String = ctx.parameter("mail")?;
    let sent = Probe::command(&mail, ["sent"]).happened(0).did_not(3);
    shell::command(mail).arg("send").probe(sent).run()?.expect_success()?;
    Ok(())
}
