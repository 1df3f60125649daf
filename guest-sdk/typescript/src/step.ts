// One step as the author declares it: the function, its undo beside it, and what the host should do around them.

import plan from "lockstep:contract/plan@0.1.0";

import { Ctx } from "./ctx.js";
import { codes, fail } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { type Duration, minutes, wholeMillis, wholeSecs } from "./units.js";

/** What does a step. What it returns is the step's output. */
export type Run = (ctx: Ctx) => unknown;

/** What undoes a step. It may find the step half done, and must look before it removes. */
export type Undo = (ctx: Ctx) => void;

type Host = InstanceType<typeof plan.Step>;

/** A declared step. Without further words: it needs the step before it, is tried once, and has nothing to undo. */
export class Step {
    /** Its id. */
    readonly id: string;
    readonly #title: string;
    readonly #phase: string | undefined;
    readonly #run: Run;
    #undo: Undo | undefined;
    readonly #says = new Map<string, (step: Host) => void>();

    constructor(id: string, title: string, phase: string | undefined, run: Run) {
        this.id = given.text("a step's id", id);
        this.#title = given.text("a title", title);
        this.#phase = phase;
        given.act(`what does the step \`${id}\``, run);
        this.#run = run;
    }

    /** What it does and why, at length. */
    about(text: string): this {
        const checked = given.text("what a step is about", text);
        return this.#saying("about", (step) => step.about(checked));
    }

    /** The steps that must have succeeded before it, instead of the one declared before it. An empty list: none. */
    needs(steps: Iterable<string>): this {
        const ids = given.texts("the steps that it needs", steps);
        return this.#saying("needs", (step) => step.needs(ids));
    }

    /** The function that undoes it. It may find the step half done, and must look before it removes. */
    undo(undo: Undo): this {
        given.act(`what undoes the step \`${this.id}\``, undo);
        this.#undo = undo;
        return this.#saying("reversal", (step) => step.undoable());
    }

    /** It cannot be undone: the point of no return. */
    irreversible(): this {
        this.#undo = undefined;
        return this.#saying("reversal", (step) => step.irreversible());
    }

    /** How long one attempt may take. */
    timeout(longest: Duration): this {
        const seconds = wholeSecs("a timeout", longest);
        return this.#saying("timeout", (step) => step.timeout(seconds));
    }

    /** Tries in all, the wait before the second, doubled before each further one, and the longest wait: without it a minute. */
    retry(attempts: number, backoff: Duration, longest?: Duration): this {
        const tries = given.whole("the number of tries", attempts);
        const first = wholeMillis("the wait between two tries", backoff);
        const most = Math.max(wholeMillis("the longest wait", longest ?? minutes(1)), longest === undefined ? first : 0);
        return this.#saying("retry", (step) => step.retry(tries, first, most));
    }

    /** The only failure codes to try again after, `http.connect` for example. Without it: every failure that says it is retryable. */
    retryOn(codes: Iterable<string>): this {
        const only = given.texts("the codes", codes);
        return this.#saying("retryOn", (step) => step.retryOn(only));
    }

    /** When no attempt is left: stop and wait for an operator. */
    onFailurePause(): this {
        return this.#saying("onFailure", (step) => step.onFailurePause());
    }

    /** When no attempt is left: undo everything done so far. */
    onFailureUndo(): this {
        return this.#saying("onFailure", (step) => step.onFailureUndo());
    }

    /** When no attempt is left: go on with the steps that do not need it. */
    onFailureContinue(): this {
        return this.#saying("onFailure", (step) => step.onFailureContinue());
    }

    /** How long it usually takes, shown beside the measured time. */
    expected(usually: Duration): this {
        const seconds = wholeSecs("the usual time", usually);
        return this.#saying("expected", (step) => step.expected(seconds));
    }

    /** Declares it to the host. */
    declare(): void {
        const step = new plan.Step(this.id, this.#title);
        if (this.#phase !== undefined) {
            step.phase(this.#phase);
        }
        this.#says.forEach((says) => says(step));
    }

    /** Runs it and gives its output as JSON text. */
    run(): string | null {
        const output = finished(this.id, this.#run(new Ctx(this.id)));
        if (output === undefined || output === null) {
            return null;
        }
        try {
            return given.text("the step's output", json.write("the step's output", output));
        } catch (thrown) {
            throw fail((thrown as Error).message).withCode(codes.OUTPUT);
        }
    }

    /** Undoes it. */
    runUndo(): void {
        if (this.#undo === undefined) {
            throw fail(`step \`${this.id}\` declares no undo`).withCode(codes.UNKNOWN);
        }
        finished(this.id, this.#undo(new Ctx(this.id)) as unknown);
    }

    /** Said twice, the later word holds. */
    #saying(what: string, says: (step: Host) => void): this {
        this.#says.set(what, says);
        return this;
    }
}

/** What a function returned. A promise would be kept by nobody: there is nothing here to wait for. */
function finished(id: string, output: unknown): unknown {
    if (typeof output === "object" && output !== null && typeof (output as { then?: unknown }).then === "function") {
        throw fail(`step \`${id}\` returned a promise: a call of the host is done when it returns, so write \`function\` instead of \`async function\``);
    }
    return output;
}
