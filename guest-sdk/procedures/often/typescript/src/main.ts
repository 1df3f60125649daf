// Many calls in one step: what a call costs, in every language.

import { type Ctx, type Procedure, random } from "lockstep-sdk";

export default function often(p: Procedure): void {
    p.describe("often", "0.1.0").title("Ask the host many times");
    p.parameter("times").title("How often").fallback(100);
    p.step("count", "Ask what the run knows, of which nothing is recorded", count);
    p.step("draw", "Ask for something that is recorded", draw);
}

function count(ctx: Ctx): number {
    let sum = 0;
    for (let left = ctx.parameter("times", Number); left > 0; left--) {
        sum += ctx.attempt();
    }
    return sum;
}

function draw(ctx: Ctx): string {
    let last = "";
    for (let left = ctx.parameter("times", Number); left > 0; left--) {
        last = random.uuid();
    }
    return last;
}
