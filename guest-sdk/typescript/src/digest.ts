// Digests that were pinned, compared with those that were found.

import { assertion, codes, fail } from "./failure.js";

/** Fails unless the digests are the same. Not retryable: other bytes do not turn into the right ones. */
export function expectDigest(what: string, found: string, pinned: string): void {
    if (digits(found) !== digits(pinned)) {
        throw fail(`${what}: expected digest ${pinned}, found ${found}`).withCode(codes.ASSERTION);
    }
}

/** `sha256:` may be left out. */
function digits(digest: string): string {
    return digest.trim().replace(/^(sha256:)+/, "").toLowerCase();
}

/** A decimal number of the contract, as a number: exact up to 8 PiB. */
export function count(what: string, decimal: string): number {
    const found = Number(decimal);
    if (!/^\d+$/.test(decimal) || !Number.isSafeInteger(found)) {
        throw assertion(`reading ${what}: ${JSON.stringify(decimal)} is no number that fits`);
    }
    return found;
}
