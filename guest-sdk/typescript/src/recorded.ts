// How objects stood before a step changed them, and what changes have made.

import host from "lockstep:contract/kube@0.1.0";
import type { Change as Made, Revision as HostRevision } from "lockstep:contract/kube@0.1.0";
import run from "lockstep:contract/run@0.1.0";

import { answer, assertion } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { byteLength, encode } from "./utf8.js";

/** The longest key of `remember`. */
const LONGEST_KEY = 64;

/** All of 64 bits. The engine's own `BigInt.asUintN` gives them a sign. */
const BITS = 0xffff_ffff_ffff_ffffn;

/** How an object stood. */
export class Revision {
    /** The host's handle. */
    readonly revision: HostRevision;

    constructor(revision: HostRevision) {
        this.revision = revision;
    }

    /** From the text of one that another step has returned. */
    static parse(text: string): Revision {
        const checked = given.text("a revision", text);
        return new Revision(answer(() => host.Revision.parse(checked)));
    }

    /** As text, for another step. */
    text(): string {
        return this.revision.text();
    }

    /** The object, without what the server alone says of it; `undefined` when it was not there. */
    object<T = unknown>(): T | undefined {
        const text = this.revision.object();
        return text === null ? undefined : (json.read("the recorded object", text) as T);
    }

    /** How many replicas were wanted. */
    replicas(): number | undefined {
        return this.revision.replicas() ?? undefined;
    }

    /** The image of a container, with the digest that ran where its pods tell it. */
    image(container: string): string | undefined {
        return this.revision.image(given.text("a container", container)) ?? undefined;
    }
}

/** What a change has made. */
export class Change {
    readonly #change: Made;

    constructor(change: Made) {
        this.#change = change;
    }

    /** The object after the change. */
    object<T = unknown>(): T {
        return json.read("the changed object", this.#change.object()) as T;
    }

    /** Images that are not pinned by a digest: what they are may change. */
    unpinned(): string[] {
        return this.#change.unpinned();
    }

    /** Fails when an image is not pinned by a digest. */
    expectPinned(): this {
        const images = this.unpinned();
        if (images.length > 0) {
            throw assertion(`expected images with digests, found ${images.join(", ")}`);
        }
        return this;
    }
}

/** Keeps something of an object for the undo. */
export function keep(key: string, text: string): void {
    answer(() => run.remember(key, text));
}

/** What an attempt of this step has kept; what was put back is forgotten. */
export function kept(key: string): string | undefined {
    const text = run.recall(key);
    return text === null || text === "null" ? undefined : text;
}

/** A key for the object, as short as a key must be. The same in every language: an undo may be another's. */
export function key(what: string, place: string): string {
    const whole = `${what}:${place}`;
    if (byteLength(whole) <= LONGEST_KEY) {
        return whole;
    }
    const hash = encode(whole).reduce((hash, byte) => ((hash ^ BigInt(byte)) * 0x0100_0000_01b3n) & BITS, 0xcbf2_9ce4_8422_2325n);
    return `${what}:${hash.toString(16).padStart(16, "0")}`;
}
