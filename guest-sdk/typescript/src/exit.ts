// How a command ended, and what a procedure may expect of it.

import type { Exit as Host } from "lockstep:contract/shell@0.1.0";

import { answer, assertion, fail, LockstepError } from "./failure.js";
import * as json from "./json.js";
import { Artifact } from "./sealed.js";
import { Duration } from "./units.js";
import { decode } from "./utf8.js";

/** The end of a command. Every `expect…` gives it back, so that expectations stand in a row. */
export class Exit {
    readonly #line: string;
    readonly #successIsSaid: boolean;
    readonly #exit: Host;

    constructor(line: string, successIsSaid: boolean, exit: Host) {
        this.#line = line;
        this.#successIsSaid = successIsSaid;
        this.#exit = exit;
    }

    /** The exit code; 128 and the signal's number when a signal ended it. */
    code(): number {
        return this.#exit.code();
    }

    /** Whether the exit code is one that means success: 0, unless `successCodes` of the command or the grant say otherwise. */
    isSuccess(): boolean {
        return this.#exit.isSuccess();
    }

    /** Standard output. */
    stdout(): Uint8Array {
        return this.#exit.stdout();
    }

    /** Standard output as text, without the line end that programs put last. */
    text(): string {
        try {
            return answer(() => this.#exit.stdoutText()).trimEnd();
        } catch (failure) {
            throw failure instanceof LockstepError ? failure.context(`${this.#origin()}: the output is not text`) : failure;
        }
    }

    /** The lines of standard output. */
    lines(): string[] {
        const text = this.text();
        return text === "" ? [] : text.split(/\r?\n/);
    }

    /** Standard error. */
    stderr(): Uint8Array {
        return this.#exit.stderr();
    }

    /** What standard output has become. Fails when it was not to become an artifact, or the program did not succeed. */
    stdoutArtifact(): Artifact {
        const sealed = this.#exit.stdoutArtifact();
        if (sealed === null) {
            throw fail(`${this.#origin()}: its standard output has become no artifact: it ended with ${this.code()}`);
        }
        return new Artifact(sealed);
    }

    /** Whether an output was longer than the grant's limit, and has been cut. */
    truncated(): boolean {
        return this.#exit.truncated();
    }

    /** How long it took. */
    duration(): Duration {
        return new Duration(this.#exit.duration());
    }

    /** Standard output, read as JSON. */
    json<T = unknown>(): T {
        return json.read(this.#origin(), this.text()) as T;
    }

    /** The value at a JSON pointer of standard output, `/items/0/name` for example. */
    jsonPath<T = unknown>(pointer: string): T {
        return json.path(this.#origin(), this.text(), pointer) as T;
    }

    /** Fails unless the exit code is one that means success: 0, unless command or grant say otherwise. */
    expectSuccess(): this {
        const success = this.isSuccess();
        if (!success && !this.#successIsSaid && this.code() !== 0) {
            return this.expectCode(0);
        }
        return this.#hold(success, () => `exit code ${this.code()} does not mean success here${this.#lastWords()}`);
    }

    /** Fails unless the exit code is that one. */
    expectCode(expected: number): this {
        return this.#hold(this.code() === expected, () => `expected exit code ${expected}, found ${this.code()}${this.#lastWords()}`);
    }

    /** Fails when it wrote anything to standard output. */
    expectNoOutput(): this {
        const output = lossy(this.stdout());
        return this.#hold(output.trim() === "", () => `expected no output, found ${json.shown(output)}`);
    }

    /** Fails unless standard output contains the text. */
    expectText(expected: string): this {
        const text = this.text();
        return this.#hold(text.includes(expected), () => `expected ${JSON.stringify(expected)} in the output, found ${json.shown(text)}`);
    }

    /** Fails unless the value at a JSON pointer of standard output is that one. */
    expectJson(pointer: string, expected: unknown): this {
        json.expect(this.#origin(), this.text(), pointer, expected);
        return this;
    }

    #origin(): string {
        return `\`${this.#line}\``;
    }

    #hold(holds: boolean, otherwise: () => string): this {
        if (!holds) {
            throw assertion(`${this.#origin()}: ${otherwise()}`);
        }
        return this;
    }

    /** What it complained about: its standard error, or its output when that is empty. */
    #lastWords(): string {
        const complaint = lossy(this.stderr()).trim();
        if (complaint !== "") {
            return `; it complained: ${json.shown(complaint)}`;
        }
        const output = lossy(this.stdout()).trim();
        return output === "" ? "" : `; it said: ${json.shown(output)}`;
    }
}

/** Text with U+FFFD where the bytes are not UTF-8. */
function lossy(bytes: Uint8Array): string {
    return decode(bytes, () => "\ufffd");
}
