// Two things that must not be done twice, each with a probe that says whether it happened.

import { type Ctx, http, log, type Procedure, shell } from "lockstep-sdk";
import * as Probe from "lockstep-sdk/probe";

export default function once(p: Procedure): void {
    p.describe("once", "0.1.0").title("Pay an invoice and write that it is paid, once each");
    p.parameter("bank").title("Where payments are made");
    p.parameter("mail").title("The program that sends letters");
    p.step("pay", "The invoice is paid", pay).irreversible();
    p.step("write", "The supplier has a letter", write).irreversible();
}

/** The bank keeps a payment under the key that the host sends with it. */
function pay(ctx: Ctx): void {
    const payments = `${ctx.parameter("bank")}/payments`;
    const booked = Probe.http(`${payments}/${ctx.idempotencyKey()}`).status(200).json("/state", "booked").didNot(404);
    const receipt = http.post(payments).json({ invoice: 4711 }).probe(booked).send().expectJson("/state", "booked");
    log.info(`paid: ${receipt.jsonPath<string>("/state")}`);
}

function write(ctx: Ctx): void {
    const mail = ctx.parameter("mail");
    const sent = Probe.command(mail, ["sent"]).happened(0).didNot(3);
    shell.command(mail).arg("send").probe(sent).run().expectSuccess();
}
