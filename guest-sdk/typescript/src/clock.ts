// Time, as a journaled value: a replay sees the instants of the first time.

import host from "lockstep:contract/clock@0.1.0";

import { answer } from "./failure.js";
import { Timestamp } from "./timestamp.js";
import { type Duration, lasting, wholeSecs } from "./units.js";

export { Timestamp };

/** The longest wait that one call of the contract's `pause` takes, in milliseconds. */
const LONGEST_PAUSE = 10_000;

/** The instant. `Date.now()` and `new Date()` ask for the same, with milliseconds. */
export function now(): Timestamp {
    return Timestamp.parse(host.now());
}

/** Waits inside the step, for polling: the step's deadline goes on meanwhile. For anything longer than a minute use `sleep`. */
export function pause(duration: Duration): void {
    let left = lasting("a pause", duration);
    while (left > 0) {
        const next = Math.min(left, LONGEST_PAUSE);
        answer(() => host.pause(Math.floor(next)));
        left -= next;
    }
}

/** Waits for minutes or weeks: the run holds no memory meanwhile, a crash does not lengthen the wait, and the step's deadline stands still. */
export function sleep(duration: Duration): void {
    const seconds = wholeSecs("a sleep", duration);
    answer(() => host.sleep(seconds));
}

/** As `sleep`, until an instant. One in the past returns at once. */
export function sleepUntil(instant: Timestamp): void {
    const text = Timestamp.parse(String(instant)).toString();
    answer(() => host.sleepUntil(text));
}
