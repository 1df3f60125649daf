// What a step knows about the run it belongs to.

import run from "lockstep:contract/run@0.1.0";

import { answer, codes, fail } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { type Reader, read } from "./procedure.js";

/** The run as one step sees it. */
export class Ctx {
    readonly #step: string;

    constructor(step: string) {
        this.#step = step;
    }

    /** The id of the step being run or undone. */
    step(): string {
        return this.#step;
    }

    /** The run's id. */
    runId(): string {
        return run.id();
    }

    /** The name of the environment, `staging` for example. */
    environment(): string {
        return run.environment();
    }

    /** Number of this attempt of the step, 1 for the first. */
    attempt(): number {
        return run.attempt();
    }

    /** The key of the next call, the same in every replay: for a far side that can tell a repetition by it. `http` and `shell` send it by themselves. */
    idempotencyKey(): string {
        return run.idempotencyKey();
    }

    /** The value of a parameter: what was given, else its fallback. `ctx.parameter("port", Number)`. */
    parameter(id: string): string;
    parameter<T>(id: string, reader: Reader<T>): T;
    parameter<T>(id: string, reader?: Reader<T>): T | string {
        const text = run.parameter(given.text("a parameter's id", id));
        if (text === null) {
            throw fail(`parameter \`${id}\` has no value, or the procedure does not declare it`).withCode(codes.PARAMETER);
        }
        return read(id, text, reader);
    }

    /** As `parameter`, for one that may be left out. */
    maybeParameter(id: string): string | undefined;
    maybeParameter<T>(id: string, reader: Reader<T>): T | undefined;
    maybeParameter<T>(id: string, reader?: Reader<T>): T | string | undefined {
        const text = run.parameter(given.text("a parameter's id", id));
        return text === null ? undefined : read(id, text, reader);
    }

    /** The output of a step that has succeeded. In an undo also the step's own. */
    output<T = unknown>(step: string): T {
        const found = this.maybeOutput<T>(step);
        if (found === undefined) {
            throw fail(`step \`${step}\` has no output`).withCode(codes.OUTPUT);
        }
        return found;
    }

    /** As `output`; nothing when the step has not succeeded, or has no output. */
    maybeOutput<T = unknown>(step: string): T | undefined {
        const text = run.outputOf(given.text("a step's id", step));
        return text === null ? undefined : (json.parse(text) as T);
    }

    /** Keeps a value for later attempts and for the undo of this step: what is about to be made, before it is made. */
    remember(key: string, value: unknown): void {
        const [name, kept] = [given.text("a key", key), given.text("what is remembered", json.write(`what is remembered as \`${key}\``, value))];
        answer(() => run.remember(name, kept));
    }

    /** What an attempt of this step kept under the key: the latest. */
    recall<T = unknown>(key: string): T | undefined {
        const text = run.recall(given.text("a key", key));
        return text === null ? undefined : (json.parse(text) as T);
    }
}
