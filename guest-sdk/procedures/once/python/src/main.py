"""Two things that must not be done twice, each with a probe that says whether it happened."""

from lockstep import Ctx, Probe, Procedure, http, log, procedure, shell


@procedure
def once(p: Procedure) -> None:
    p.describe("once", "0.1.0").title("Pay an invoice and write that it is paid, once each")
    p.parameter("bank").title("Where payments are made")
    p.parameter("mail").title("The program that sends letters")
    p.step("pay", "The invoice is paid", pay).irreversible()
    p.step("write", "The supplier has a letter", write).irreversible()


def pay(ctx: Ctx) -> None:
    """The bank keeps a payment under the key that the host sends with it."""
    payments = f"{ctx.parameter('bank')}/payments"
    booked = Probe.http(f"{payments}/{ctx.idempotency_key()}").status(200).json("/state", "booked").did_not(404)
    receipt = http.post(payments).json({"invoice": 4711}).probe(booked).send().expect_json("/state", "booked")
    log.info(f"paid: {receipt.json_path('/state')}")


def write(ctx: Ctx) -> None:
    mail = ctx.parameter("mail")
    sent = Probe.command(mail, ["sent"]).happened(0).did_not(3)
    shell.command(mail).arg("send").probe(sent).run().expect_success()
