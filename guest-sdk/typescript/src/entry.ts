// How the host comes in: the four exports of the contract, answered from one declaration. `lockstep build` writes the few lines that call this.

import plan from "lockstep:contract/plan@0.1.0";

import { answer, codes, fail, told } from "./failure.js";
import { Procedure } from "./procedure.js";
import { begin } from "./running.js";
import type { Step } from "./step.js";

/** What a project's main module exports by default: the function that declares its procedure. */
export type Declare = (p: Procedure) => void;

/** The exports of a component whose procedure is declared by that function. */
export function exported(declare: Declare) {
    return {
        describe(): void {
            describe(described(declare));
        },
        plan(): void {
            outcome(() => declared(declare, new Procedure(false)).declared.steps.forEach((step) => step.declare()));
        },
        runStep(id: string): string | null {
            return outcome(() => find(declare, id).run());
        },
        undoStep(id: string): void {
            outcome(() => find(declare, id).runUndo());
        },
    };
}

function declared(declare: Declare, procedure: Procedure): Procedure {
    if (typeof declare !== "function") {
        throw new TypeError("the main module exports no procedure: `export default function (p: Procedure) { … }` declares it");
    }
    begin();
    declare(procedure);
    return procedure;
}

/** `describe` has no way to fail: what goes wrong in it goes wrong in `plan` as well, which says so. */
function described(declare: Declare): Procedure {
    const procedure = new Procedure(true);
    try {
        return declared(declare, procedure);
    } catch {
        if (procedure.declared.description === undefined) {
            procedure.describe("undescribed", "0.0.0");
        }
        return procedure;
    }
}

function find(declare: Declare, id: string): Step {
    const step = declared(declare, new Procedure(false)).declared.steps.find((step) => step.id === id);
    if (step === undefined) {
        throw fail(`the procedure declares no step \`${id}\` for these parameters`).withCode(codes.UNKNOWN);
    }
    return step;
}

function describe(procedure: Procedure): void {
    const { description, parameters } = procedure.declared;
    if (description !== undefined) {
        const { id, version, title } = description.told;
        const host = new plan.Description(id, version);
        if (title !== undefined) {
            host.title(title);
        }
    }
    for (const { id, title, fallback, choices } of parameters.map((parameter) => parameter.told)) {
        const host = new plan.Parameter(id);
        if (title !== undefined) {
            host.title(title);
        }
        if (fallback !== undefined) {
            host.fallback(fallback);
        }
        if (choices !== undefined && choices.length > 0) {
            host.choices(choices);
        }
    }
}

/** The engine takes the contract's failure thrown as it is, and traps on anything else. */
function outcome<T>(act: () => T): T {
    try {
        return answer(act);
    } catch (thrown) {
        throw told(thrown);
    }
}
