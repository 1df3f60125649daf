// What `{{name}}` does, step by step. Each step is a function beside its undo.

import { type Ctx, ensure, files, log, type Procedure, secs } from "lockstep-sdk";

/** Where the greeting goes. The grant file `env.toml` says which folder of this machine that is. */
const GREETING = "/out/greeting.txt";

export default function procedure(p: Procedure): void {
    p.describe("{{name}}", "0.1.0").title("Leave a greeting and see that it is there");
    p.parameter("who").title("Whom to greet").fallback("world");

    p.phase("Pre-flight");
    p.step("look", "No greeting lies there yet, or one of ours", look);
    p.phase("Greet");
    p.step("greet", "Write the greeting", greet).undo(ungreet);
    p.step("verify", "The greeting can be read", verify).retry(3, secs(1));
}

function look(): void {
    if (files.exists(GREETING)) {
        const found = files.readText(GREETING);
        ensure(found.startsWith("hello"), `${GREETING} holds something else: ${found}`);
    }
}

function greet(ctx: Ctx): string {
    const greeting = `hello, ${ctx.parameter("who")}`;
    files.writeText(GREETING, greeting);
    log.info(`wrote ${GREETING}`);
    return greeting;
}

function ungreet(): void {
    files.remove(GREETING);
}

function verify(ctx: Ctx): void {
    const expected = ctx.output<string>("greet");
    const found = files.readText(GREETING);
    ensure(found === expected, `expected \`${expected}\`, found \`${found}\``);
}
