// What a procedure says about itself: its name, its parameters and its steps.
//
// Pure data. The author's function fills it in, and `entry` passes on to the host the part it asked for. So one function serves for describing, planning,
// running and undoing.

import run from "lockstep:contract/run@0.1.0";

import { codes, fail, LockstepError } from "./failure.js";
import * as given from "./given.js";
import { type Run, Step } from "./step.js";

/** How the text of a parameter is read: `String` (as it is), `Number`, `Boolean` (`true` or `false`), or a function of your own that throws. */
export type Reader<T> = (text: string) => T;

/** The procedure being declared. */
export class Procedure {
    readonly #describing: boolean;
    #description: Description | undefined;
    readonly #parameters: Parameter[] = [];
    readonly #steps: Step[] = [];
    #phase: string | undefined;

    constructor(describing: boolean) {
        this.#describing = describing;
    }

    /** Names the procedure: `id` in kebab case, `version` as semver. Once. */
    describe(id: string, version: string): Description {
        this.#description = new Description(id, version);
        return this.#description;
    }

    /** Declares something the procedure needs to be told, as in `-p id=value`. Required unless it has a `fallback`. */
    parameter(id: string): Parameter {
        const parameter = new Parameter(id);
        this.#parameters.push(parameter);
        return parameter;
    }

    /** The heading that the steps declared from here on stand under, in plans and reports. */
    phase(heading: string): void {
        this.#phase = given.text("a phase", heading);
    }

    /**
     * Declares a step: its id (`a-z`, `0-9`, `-`), one line for the operator, and the function that does it.
     *
     * What the function returns is the step's output, written as JSON, which later steps read with `ctx.output`; `undefined` and `null` are none.
     */
    step(id: string, title: string, run: Run): Step {
        const step = new Step(id, title, this.#phase, run);
        this.#steps.push(step);
        return step;
    }

    /**
     * The value of a parameter, to decide which steps there are: `p.value("count", Number)`.
     *
     * Nothing when it has neither value nor fallback, as when the procedure is only being described.
     */
    value(id: string): string | undefined;
    value<T>(id: string, reader: Reader<T>): T | undefined;
    value<T>(id: string, reader?: Reader<T>): T | string | undefined {
        const asked = given.text("a parameter's id", id);
        const text = this.#describing ? this.#parameters.find((parameter) => parameter.told.id === asked)?.told.fallback : (run.parameter(asked) ?? undefined);
        return text === undefined ? undefined : read(asked, text, reader);
    }

    /** The name of the environment of this run. Empty while the procedure is only being described. */
    environment(): string {
        return this.#describing ? "" : run.environment();
    }

    /** What was declared, for the host. */
    get declared(): { description: Description | undefined; parameters: readonly Parameter[]; steps: readonly Step[] } {
        return { description: this.#description, parameters: this.#parameters, steps: this.#steps };
    }
}

/** Reads the text of a parameter. */
export function read<T>(id: string, text: string, reader: Reader<T> | undefined): T | string {
    const unreadable = (why: string) => fail(`parameter \`${id}\` is ${JSON.stringify(text)}, which does not read as ${why}`).withCode(codes.PARAMETER);
    const asked: unknown = reader;
    if (asked === undefined || asked === String) {
        return text;
    }
    if (asked === Number) {
        const number = text.trim() === "" ? Number.NaN : Number(text);
        if (Number.isNaN(number)) {
            throw unreadable("a number");
        }
        if (/^[+-]?\d+$/.test(text.trim()) && !Number.isSafeInteger(number)) {
            throw unreadable("a number: it has more digits than one keeps, `BigInt` reads it");
        }
        return number as T;
    }
    if (asked === Boolean) {
        if (text !== "true" && text !== "false") {
            throw unreadable("true or false");
        }
        return (text === "true") as T;
    }
    try {
        return (reader as Reader<T>)(text);
    } catch (thrown) {
        throw thrown instanceof LockstepError ? thrown : unreadable(`what is asked for: ${String(thrown)}`);
    }
}

/** The procedure's name. */
export class Description {
    /** What was said, for the host. */
    readonly told: { id: string; version: string; title?: string };

    constructor(id: string, version: string) {
        this.told = { id: given.text("a procedure's id", id), version: given.text("a version", version) };
    }

    /** One line for the operator. */
    title(text: string): this {
        this.told.title = given.text("a title", text);
        return this;
    }
}

/** Something the procedure needs to be told. */
export class Parameter {
    /** What was said, for the host. */
    readonly told: { id: string; title?: string; fallback?: string; choices?: string[] };

    constructor(id: string) {
        this.told = { id: given.text("a parameter's id", id) };
    }

    /** One line for the operator. */
    title(text: string): this {
        this.told.title = given.text("a title", text);
        return this;
    }

    /** The value when none is given. */
    fallback(value: unknown): this {
        this.told.fallback = given.words("a fallback", value);
        return this;
    }

    /** The only values allowed. */
    choices(values: Iterable<unknown>): this {
        this.told.choices = given.texts("the choices", values);
        return this;
    }
}
