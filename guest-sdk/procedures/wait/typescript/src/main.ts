// Waits between two marks: how a run lets go of everything for minutes or weeks, and how one in the middle of a long call is stopped.

import { clock, type Ctx, files, type Procedure, secs, shell } from "lockstep-sdk";

export default function wait(p: Procedure): void {
    p.describe("wait", "0.1.0").title("Wait between two marks");
    p.parameter("sleep").title("Seconds to wait without holding anything").fallback(0);
    p.parameter("hold").title("Seconds that a program runs").fallback(0);
    p.step("begin", "Leave the first mark", () => files.writeText("/marks/begun", "begun")).undo(() => files.remove("/marks/begun"));
    p.step("hold", "Run a program for a while", hold);
    p.step("rest", "Wait", rest);
    p.step("end", "Leave the last mark", () => files.writeText("/marks/ended", "ended")).undo(() => files.remove("/marks/ended"));
}

function hold(ctx: Ctx): void {
    const seconds = ctx.parameter("hold", Number);
    if (seconds > 0) {
        shell.command("/usr/bin/sleep").arg(seconds).run().expectSuccess();
    }
}

function rest(ctx: Ctx): void {
    const seconds = ctx.parameter("sleep", Number);
    if (seconds > 0) {
        clock.sleep(secs(seconds));
    }
}
