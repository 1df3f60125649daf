// What an author gives is checked before it goes to the host: there a wrong type would trap, and nobody could say where.

import { fail } from "./failure.js";

/** A text, without half surrogate pairs. */
export function text(what: string, value: unknown): string {
    if (typeof value !== "string") {
        throw fail(`${what} must be a string, found ${kind(value)}`);
    }
    if (!value.isWellFormed()) {
        throw fail(`${what} must be valid Unicode, found half a surrogate pair in it`);
    }
    return value;
}

/** Anything that has a text of its own: a string, a number, a flag, a secret. */
export function words(what: string, value: unknown): string {
    if (value === undefined || value === null) {
        throw fail(`${what} must be something that has a text, found ${kind(value)}`);
    }
    return text(what, String(value));
}

/** Several texts. */
export function texts(what: string, values: unknown): string[] {
    return [...iterable(what, values)].map((value) => words(`each of ${what}`, value));
}

/** A whole number from 0 to 4,294,967,295. */
export function whole(what: string, value: unknown): number {
    return between(what, value, 0, 0xffff_ffff);
}

/** A whole number of 32 bits with a sign. */
export function signed(what: string, value: unknown): number {
    return between(what, value, -0x8000_0000, 0x7fff_ffff);
}

/** A whole number of at least 0 and of any size, as decimal digits. */
export function digits(what: string, value: unknown): string {
    const whole = typeof value === "bigint" || Number.isSafeInteger(value);
    if (!whole || (value as bigint | number) < 0) {
        const found = typeof value === "number" || typeof value === "bigint" ? String(value) : kind(value);
        throw fail(`${what} must be a whole number of at least 0, a \`bigint\` where a \`number\` would round it, found ${found}`);
    }
    return String(value);
}

/** Bytes, as the host takes them. */
export function bytes(what: string, value: unknown): Uint8Array {
    if (value instanceof Uint8Array) {
        return value;
    }
    throw fail(`${what} must be a Uint8Array, found ${kind(value)}`);
}

/** A function. */
export function act(what: string, value: unknown): void {
    if (typeof value !== "function") {
        throw fail(`${what} must be a function, found ${kind(value)}`);
    }
}

function iterable(what: string, values: unknown): Iterable<unknown> {
    if (typeof values === "object" && values !== null && Symbol.iterator in values) {
        return values as Iterable<unknown>;
    }
    throw fail(`${what} must be a list, found ${kind(values)}`);
}

function between(what: string, value: unknown, least: number, most: number): number {
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
        const found = typeof value === "number" ? String(value) : kind(value);
        throw fail(`${what} must be a whole number from ${least} to ${most}, found ${found}`);
    }
    return value;
}

function kind(value: unknown): string {
    return value === null ? "null" : Array.isArray(value) ? "a list" : typeof value;
}
