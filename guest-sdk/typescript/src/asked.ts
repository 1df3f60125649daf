// What a probe's answer means, whatever kind of read it is. Asks no interface by itself: a component imports those of the probes that it makes.

import type { Probe as Host } from "lockstep:contract/types@0.1.0";

import { signed, text, words } from "./given.js";

/**
 * A read, and what its answer says about the call that it is attached to: it happened, it did not, or neither.
 *
 * After a crash the host asks by itself. A call that happened gives what the probe saw, one that did not is made again with the same idempotency key, and
 * only one of which nobody knows is put to an operator. The grant must allow the probe, as a read, or the call is denied before it begins.
 */
export class Asked {
    readonly #read: () => Host;
    readonly #says: ((probe: Host) => void)[] = [];

    constructor(read: () => Host) {
        this.#read = read;
    }

    /** A status with which it may have happened. */
    status(status: number): this {
        return this.happened(status);
    }

    /** A status or an exit code with which it may have happened. */
    happened(code: number): this {
        const checked = signed("a probe's code", code);
        return this.#saying((probe) => probe.happened(checked));
    }

    /** A status or an exit code that says that it did not happen. Not one of a far side that may still be at work on it. */
    didNot(code: number): this {
        const checked = signed("a probe's code", code);
        return this.#saying((probe) => probe.didNot(checked));
    }

    /** What the body or the output must have as well: at this JSON pointer this string, number or flag. */
    json(pointer: string, value: string | number | boolean): this {
        const [where, what] = [text("a probe's pointer", pointer), words("a probe's value", value)];
        return this.#saying((probe) => probe.json(where, what));
    }

    /** A text that the body or the output must contain as well. */
    text(contained: string): this {
        const checked = text("a probe's text", contained);
        return this.#saying((probe) => probe.text(checked));
    }

    /** Says that an answer that has the right code and lacks the rest means that it did not happen; of a file, any other digest. */
    otherwiseDidNot(): this {
        return this.#saying((probe) => probe.otherwiseDidNot());
    }

    /** In the host's words. */
    ready(): Host {
        const probe = this.#read();
        this.#says.forEach((says) => says(probe));
        return probe;
    }

    #saying(says: (probe: Host) => void): this {
        this.#says.push(says);
        return this;
    }
}
