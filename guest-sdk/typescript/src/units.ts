// Times and sizes as a runbook writes them.

import { fail } from "./failure.js";

/** A length of time. Made by `millis`, `secs` and `minutes`, so that a number alone is never taken for the wrong unit. */
export class Duration {
    /** Not whole when it was measured: the clock has microseconds. */
    readonly milliseconds: number;

    constructor(milliseconds: number) {
        if (typeof milliseconds !== "number" || !(milliseconds >= 0)) {
            throw fail(`a time must be a number of at least 0, found ${String(milliseconds)}`);
        }
        this.milliseconds = milliseconds;
    }
}

/** So many milliseconds. */
export function millis(count: number): Duration {
    return new Duration(count);
}

/** So many seconds. */
export function secs(count: number): Duration {
    return new Duration(count * 1_000);
}

/** So many minutes. */
export function minutes(count: number): Duration {
    return new Duration(count * 60_000);
}

/** So many KiB, in bytes. */
export function kib(count: number): number {
    return count * 1_024;
}

/** So many MiB, in bytes. */
export function mib(count: number): number {
    return kib(count) * 1_024;
}

/** So many GiB, in bytes. */
export function gib(count: number): number {
    return mib(count) * 1_024;
}

const MOST = 0xffff_ffff;

/** Milliseconds as the contract takes them. What does not fit is more than any limit there. */
export function wholeMillis(what: string, duration: Duration): number {
    return Math.min(Math.floor(lasting(what, duration)), MOST);
}

/** Whole seconds as the contract takes them, rounded up: half a second must not become none. */
export function wholeSecs(what: string, duration: Duration): number {
    return Math.min(Math.ceil(lasting(what, duration) / 1_000), MOST);
}

/** Its milliseconds, when it is a time at all. */
export function lasting(what: string, duration: Duration): number {
    if (!(duration instanceof Duration)) {
        throw fail(`${what} must be a time, as \`secs(30)\` or \`minutes(5)\`, found ${typeof duration}`);
    }
    return duration.milliseconds;
}

/** A time as a person says it: `30 s`, `200 ms`, `1.5 s`, `5 min`. */
export function spokenTime(milliseconds: number): string {
    const ms = Math.floor(milliseconds);
    if (ms < 1_000) {
        return `${ms} ms`;
    }
    if (ms % 60_000 === 0) {
        return `${ms / 60_000} min`;
    }
    return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${Math.floor(ms / 1_000)}.${Math.floor((ms % 1_000) / 100)} s`;
}

/** A size as a person says it: `512 bytes`, `1.5 GiB`. */
export function spokenSize(bytes: number): string {
    const units: [number, string][] = [[gib(1), "GiB"], [mib(1), "MiB"], [kib(1), "KiB"]];
    for (const [unit, word] of units) {
        if (bytes >= unit) {
            return `${Math.floor(bytes / unit)}.${Math.floor(((bytes % unit) * 10) / unit)} ${word}`;
        }
    }
    return `${bytes} bytes`;
}
