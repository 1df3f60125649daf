// Randomness, as a journaled value: a replay draws the same. Not for keys, since the journal can be read.

import host from "lockstep:contract/random@0.1.0";

import { whole } from "./given.js";

/** The most that one call of the contract gives. */
const AT_ONCE = 4_096;

/** So many bytes. */
export function bytes(count: number): Uint8Array {
    const drawn = new Uint8Array(whole("the number of random bytes", count));
    for (let at = 0; at < drawn.length; at += AT_ONCE) {
        drawn.set(host.bytes(Math.min(drawn.length - at, AT_ONCE)), at);
    }
    return drawn;
}

/** A version 4 UUID. */
export function uuid(): string {
    return host.uuid();
}
