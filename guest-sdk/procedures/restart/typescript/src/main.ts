// Restarts the shop and sees that it serves: the example of the guide.

import { type Ctx, http, minutes, type Procedure, secs, shell, within } from "lockstep-sdk";

export default function restart(p: Procedure): void {
    p.describe("restart", "0.1.0").title("Restart the shop and see that it serves");
    p.parameter("url").title("Where the shop answers").fallback("http://127.0.0.1:8080");

    p.phase("Pre-flight");
    p.step("look", "The shop is healthy before we touch it", healthy);
    p.phase("Restart");
    p.step("restart", "Restart the shop", restartIt).timeout(minutes(2));
    p.step("verify", "The shop is healthy again", verify);
}

function healthy(ctx: Ctx): void {
    http.get(`${ctx.parameter("url")}/health`).send().expectStatus(200).expectJson("/status", "ok");
}

function restartIt(): void {
    shell.command("/usr/bin/systemctl").args(["restart", "shop"]).idempotent().run().expectSuccess();
}

function verify(ctx: Ctx): void {
    within(secs(30)).every(secs(1)).until(() => healthy(ctx));
}
