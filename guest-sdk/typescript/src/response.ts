// What came back, and what a procedure may expect of it.

import type { Response as Host, Timing } from "lockstep:contract/http@0.1.0";

import { answer, assertion, fail, LockstepError } from "./failure.js";
import * as json from "./json.js";
import { Artifact } from "./sealed.js";
import { type Duration, lasting, spokenTime } from "./units.js";

export type { Timing };

/** A response. Every `expect…` gives it back, so that expectations stand in a row. */
export class Response {
    readonly #origin: string;
    readonly #response: Host;
    #text: string | undefined;

    constructor(method: string, response: Host) {
        this.#origin = `${method} ${response.url()}`;
        this.#response = response;
    }

    /** How often it was asked until this was the answer: 0 without `until`. */
    tries(): number {
        return this.#response.tries();
    }

    /** 100 to 599. */
    status(): number {
        return this.#response.status();
    }

    /** The first header of that name, in any case. */
    header(name: string): string | undefined {
        return this.headers().find(([key]) => key === name.toLowerCase())?.[1];
    }

    /** All headers in the order received; names in lower case. */
    headers(): [string, string][] {
        return this.#response.headers().map(({ key, value }) => [key.toLowerCase(), value]);
    }

    /** The body. */
    bytes(): Uint8Array {
        return this.#response.body();
    }

    /** The body as text. */
    text(): string {
        try {
            this.#text ??= answer(() => this.#response.bodyText());
        } catch (failure) {
            throw failure instanceof LockstepError ? failure.context(`${this.#origin}: the body is not text`) : failure;
        }
        return this.#text;
    }

    /** Whether the body was longer than the grant's limit, and has been cut. */
    truncated(): boolean {
        return this.#response.truncated();
    }

    /** What the body has become. Fails when it was not to become an artifact, or the status is not 200 to 299. */
    artifact(): Artifact {
        const sealed = this.#response.bodyArtifact();
        if (sealed === null) {
            throw fail(`${this.#origin}: its body has become no artifact: it was answered with ${this.status()}`);
        }
        return new Artifact(sealed);
    }

    /** Where it came from in the end, after redirects. */
    url(): string {
        return this.#response.url();
    }

    /** How long each part took, in microseconds. */
    timing(): Timing {
        return this.#response.timing();
    }

    /** The body, read as JSON. */
    json<T = unknown>(): T {
        return json.read(this.#origin, this.text()) as T;
    }

    /** The value at a JSON pointer of the body, `/items/0/name` for example. */
    jsonPath<T = unknown>(pointer: string): T {
        return json.path(this.#origin, this.text(), pointer) as T;
    }

    /** Fails unless the status is that one. */
    expectStatus(expected: number): this {
        return this.#hold(this.status() === expected, () => `expected status ${expected}, found ${this.status()} with ${this.#shownBody()}`);
    }

    /** Fails unless the status is 200 to 299. */
    expectSuccess(): this {
        const success = this.status() >= 200 && this.status() < 300;
        return this.#hold(success, () => `expected success, found status ${this.status()} with ${this.#shownBody()}`);
    }

    /** Fails unless the value at a JSON pointer of the body is that one. */
    expectJson(pointer: string, expected: unknown): this {
        json.expect(this.#origin, this.text(), pointer, expected);
        return this;
    }

    /** Fails unless the body contains the text. */
    expectText(expected: string): this {
        return this.#hold(this.text().includes(expected), () => `expected ${JSON.stringify(expected)} in the body, found ${this.#shownBody()}`);
    }

    /** Fails unless a header of that name has the value. */
    expectHeader(name: string, expected: string): this {
        const holds = this.headers().some(([key, value]) => key === name.toLowerCase() && value === expected);
        return this.#hold(holds, () => `expected header ${name}: ${expected}, found ${this.header(name) ?? "no such header"}`);
    }

    /** Fails unless the whole exchange took less than that. */
    expectFasterThan(limit: Duration): this {
        const [longest, took] = [lasting("a limit", limit), this.timing().total / 1_000];
        return this.#hold(took < longest, () => `expected an answer within ${spokenTime(longest)}, found ${spokenTime(took)}`);
    }

    #hold(holds: boolean, otherwise: () => string): this {
        if (!holds) {
            throw assertion(`${this.#origin}: ${otherwise()}`);
        }
        return this;
    }

    #shownBody(): string {
        try {
            return json.shown(this.text());
        } catch {
            return `${this.bytes().length} bytes that are not text`;
        }
    }
}
