// An instant that can be compared, added to and written the way the contract writes it.

import { fail } from "./failure.js";
import { Duration } from "./units.js";

const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i;

/** An instant with microseconds: RFC 3339, always printed in UTC. */
export class Timestamp {
    /** Microseconds since 1970-01-01T00:00:00Z, a whole number. */
    readonly micros: number;

    constructor(micros: number) {
        this.micros = Math.trunc(micros);
    }

    /** Reads an instant in RFC 3339. */
    static parse(text: string): Timestamp {
        const [, day, time, fraction = "", zone] = INSTANT.exec(text) ?? [];
        const millis = day === undefined ? Number.NaN : Date.parse(`${day}T${time}.000${zone?.toUpperCase()}`);
        if (Number.isNaN(millis)) {
            throw fail(`${JSON.stringify(text)} is no instant: it must look like 2026-03-01T12:00:00Z`);
        }
        return new Timestamp(millis * 1_000 + Number(fraction.padEnd(6, "0").slice(0, 6)));
    }

    /** The time since an earlier instant; none when it is not earlier. */
    since(earlier: Timestamp): Duration {
        return new Duration(Math.max(this.micros - earlier.micros, 0) / 1_000);
    }

    /** The instant that much later. */
    plus(duration: Duration): Timestamp {
        return new Timestamp(this.micros + duration.milliseconds * 1_000);
    }

    /** `2026-03-01T00:00:30.000000Z`. */
    toString(): string {
        const micros = ((this.micros % 1_000_000) + 1_000_000) % 1_000_000;
        const seconds = new Date((this.micros - micros) / 1_000).toISOString().slice(0, 19);
        return `${seconds}.${String(micros).padStart(6, "0")}Z`;
    }

    /** As `toString`. */
    toJSON(): string {
        return this.toString();
    }
}
