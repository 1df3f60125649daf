// Values for placeholders, each bound as what it is. Asks no interface by itself.

import type db from "lockstep:contract/db@0.1.0";

import { fail } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { Timestamp } from "./timestamp.js";

/** What a placeholder can be given; `null` is NULL. */
export type Value = null | boolean | number | bigint | string | Uint8Array | Timestamp | Decimal | Float | Instant | Json;

/** An exact number: see `decimal`. */
export class Decimal {
    readonly digits: string;

    constructor(digits: string) {
        this.digits = given.text("an exact number", digits);
    }
}

/** A number of floating point: see `float`. */
export class Float {
    readonly value: number;

    constructor(value: number) {
        if (typeof value !== "number") {
            throw fail(`a number of floating point must be a number, found ${typeof value}`);
        }
        this.value = value;
    }
}

/** An instant: see `instant`. */
export class Instant {
    readonly text: string;

    constructor(text: string) {
        this.text = given.text("an instant", text);
    }
}

/** A JSON document: see `json`. */
export class Json {
    readonly text: string;

    constructor(value: unknown) {
        this.text = given.text("a JSON document", json.write("a JSON document", value));
    }
}

/** An exact number, written out: `db.decimal("12.50")`. */
export function decimal(digits: string): Decimal {
    return new Decimal(digits);
}

/** A number of floating point, also one without a fraction: `db.float(2)`. */
export function float(value: number): Float {
    return new Float(value);
}

/** An instant of RFC 3339: `db.instant("2026-01-02T03:04:05Z")`. */
export function instant(text: string): Instant {
    return new Instant(text);
}

/** A JSON document: `db.json({ a: 1 })`. */
export function jsonOf(value: unknown): Json {
    return new Json(value);
}

type Statement = InstanceType<typeof db.Statement>;

/** How a value is said to a statement. */
export function bound(value: Value): (statement: Statement) => void {
    if (value === null) {
        return (statement) => statement.bindNull();
    }
    if (value instanceof Uint8Array) {
        return (statement) => statement.bindBytes(value);
    }
    if (value instanceof Timestamp) {
        return (statement) => statement.bindTimestamp(value.toString());
    }
    if (value instanceof Decimal) {
        return (statement) => statement.bindDecimal(value.digits);
    }
    if (value instanceof Float) {
        return (statement) => statement.bindFloat(value.value);
    }
    if (value instanceof Instant) {
        return (statement) => statement.bindTimestamp(value.text);
    }
    if (value instanceof Json) {
        return (statement) => statement.bindJson(value.text);
    }
    return plain(value);
}

function plain(value: boolean | number | bigint | string): (statement: Statement) => void {
    if (typeof value === "boolean") {
        return (statement) => statement.bindBoolean(value);
    }
    if (typeof value === "bigint") {
        return (statement) => statement.bindInteger(String(value));
    }
    if (typeof value === "number" && !Number.isInteger(value)) {
        return (statement) => statement.bindFloat(value);
    }
    if (typeof value === "number") {
        if (!Number.isSafeInteger(value)) {
            throw fail(`a value is ${value}, which may have been rounded: give a \`bigint\`, or \`db.float(…)\``);
        }
        return (statement) => statement.bindInteger(String(value));
    }
    const text = given.text("a value", value);
    return (statement) => statement.bindText(text);
}
