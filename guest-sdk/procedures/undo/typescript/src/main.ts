// Leaves three marks, fails where it is told, and takes back what was left: last in, first out.

import { type Ctx, fail, files, log, type Procedure } from "lockstep-sdk";

export default function undo(p: Procedure): void {
    p.describe("undo", "0.1.0").title("Leave three marks, fail where it is told, and take back what was left");
    p.parameter("fail").title("The step that fails").fallback("none").choices(["none", "first", "second", "third"]);
    p.step("first", "Leave the first mark", leave).undo(takeBack).onFailureUndo();
    p.step("second", "Leave the second mark", leave).undo(takeBack).onFailureUndo();
    p.step("third", "Leave the third mark", leave).undo(takeBack).onFailureUndo();
}

/** What is about to be made is remembered before it is made, so that the undo finds it whatever happens in between. */
function leave(ctx: Ctx): string {
    const mark = `/marks/${ctx.step()}`;
    ctx.remember("mark", mark);
    files.writeText(mark, ctx.step());
    if (ctx.parameter("fail") === ctx.step()) {
        throw fail(`told to fail at ${ctx.step()}`);
    }
    return mark;
}

function takeBack(ctx: Ctx): void {
    const mark = ctx.recall<string>("mark");
    if (mark !== undefined) {
        log.info(`taking back ${mark}`);
        files.remove(mark);
    }
}
