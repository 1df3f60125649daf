// A procedure without the SDK: the contract's interfaces as the engine gives them, and nothing else.

import { now } from "lockstep:contract/clock@0.1.0";
import { info } from "lockstep:contract/log@0.1.0";
import { Description, Parameter, Step } from "lockstep:contract/plan@0.1.0";
import { bytes } from "lockstep:contract/random@0.1.0";
import { parameter } from "lockstep:contract/run@0.1.0";

export const procedure = {
    describe(): void {
        new Description("bare", "0.1.0").title("Greet without an SDK");
        new Parameter("who").fallback("world");
    },

    plan(): void {
        new Step("greet", "Greet them");
    },

    runStep(): string {
        info(`hello, ${parameter("who")}`, []);
        const year = Number(now().slice(0, 4));
        const dice = [...bytes(8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        return JSON.stringify({ year, dice });
    },

    undoStep(): void {},
};
