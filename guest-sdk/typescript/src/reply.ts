// What a command of Redis gave, and what a procedure may expect of it. Asks no interface by itself.

import type { Reply as Host } from "lockstep:contract/redis@0.1.0";

import { answer, LockstepError } from "./failure.js";
import * as json from "./json.js";

/** A value, or a list of replies. */
export class Reply {
    readonly #line: string;
    readonly #reply: Host;

    constructor(line: string, reply: Host) {
        this.#line = line;
        this.#reply = reply;
    }

    /** `nil`, `integer`, `text`, `number`, `boolean`, `list`, `map` or `error`. More kinds may come. */
    kind(): string {
        return this.#reply.kind();
    }

    /** Whether there was nothing. */
    isNil(): boolean {
        return this.kind() === "nil";
    }

    /** A text, or a number, flag or error as it is written. */
    text(): string {
        return this.#given((reply) => reply.text());
    }

    /** As `text`, as bytes. */
    bytes(): Uint8Array {
        return this.#given((reply) => reply.bytes());
    }

    /** A whole number, from an integer or from a text that is one: a `bigint` where a `number` would round it. */
    integer(): number | bigint {
        return json.parse(this.#given((reply) => reply.integer())) as number | bigint;
    }

    /** How many parts a list has; a map has two for each entry. */
    count(): number {
        return this.#reply.count();
    }

    /** One part of a list or map, counted from 0; of a map key and value in turn. */
    part(index: number): Reply {
        return new Reply(`${this.#line}, part ${index}`, this.#given((reply) => reply.part(index)));
    }

    /** All parts of a list or map. */
    parts(): Reply[] {
        return Array.from({ length: this.count() }, (_, index) => this.part(index));
    }

    /** All of it read as JSON: a list as an array, a map as an object. */
    json<T = unknown>(): T {
        return json.read(this.#line, this.#reply.json()) as T;
    }

    /** Fails unless it is `expected`: a text, a number, a list. */
    expect(expected: unknown): this {
        json.expect(this.#line, this.#reply.json(), "", expected);
        return this;
    }

    #given<T>(call: (reply: Host) => T): T {
        try {
            return answer(() => call(this.#reply));
        } catch (failure) {
            throw failure instanceof LockstepError ? failure.context(this.#line) : failure;
        }
    }
}
