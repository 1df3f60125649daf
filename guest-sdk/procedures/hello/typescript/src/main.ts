// The smallest procedure: one parameter, one step, no grant.

import { type Ctx, log, type Procedure } from "lockstep-sdk";

export default function hello(p: Procedure): void {
    p.describe("hello", "0.1.0").title("Say hello");
    p.parameter("who").title("Whom to greet").fallback("world");
    p.step("greet", "Greet them", greet);
}

function greet(ctx: Ctx): string {
    const greeting = `hello, ${ctx.parameter("who")}`;
    log.info(greeting);
    return greeting;
}
