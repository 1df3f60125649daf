// Rows that came back. Asks no interface by itself.

import type { Column, Rows as Host } from "lockstep:contract/db@0.1.0";

import { assertion, context } from "./failure.js";
import * as json from "./json.js";
import type { Reader } from "./procedure.js";

export type { Column };

/**
 * A value by its column's kind: `boolean` as a flag; `integer` as a `number`, or a `bigint` where that would round it; `float` as a `number`; `bytes` as bytes;
 * `json` as what it says. `decimal` and all others are their text, to the last digit; `null` is NULL.
 */
export type Cell = unknown;

/** Rows, behind a handle of the host. */
export class Rows implements Iterable<Row> {
    readonly #rows: Host;
    /** The columns, in the order of the statement: each with its label, the form of its values, and the server's own name for its type. */
    readonly columns: Column[];
    /** How many rows there are. */
    readonly length: number;

    constructor(rows: Host) {
        this.#rows = rows;
        this.columns = rows.columns();
        this.length = rows.count();
    }

    /** Whether rows were left out by `limitRows`. */
    truncated(): boolean {
        return this.#rows.truncated();
    }

    /** Each row. */
    *[Symbol.iterator](): Iterator<Row> {
        for (let index = 0; index < this.length; index++) {
            yield new Row(this.#rows, this.columns, index);
        }
    }

    /** The only row. Fails with `step.assertion` when there are more or none. */
    one(): Row {
        if (this.length !== 1) {
            throw assertion(`${this.length} rows came back, expected one`);
        }
        return new Row(this.#rows, this.columns, 0);
    }

    /** The first value of the only row, or what a reader makes of its text: `rows.value(BigInt)`. */
    value<T = Cell>(reader?: Reader<T>): T {
        return this.one().get(this.columns[0]?.label ?? "", reader);
    }
}

/** One row. */
export class Row {
    readonly #rows: Host;
    readonly #columns: Column[];
    readonly #index: number;

    constructor(rows: Host, columns: Column[], index: number) {
        this.#rows = rows;
        this.#columns = columns;
        this.#index = index;
    }

    /** A value by its column's label, as text; `null` is NULL. Fails with `step.assertion` when there is no such column. */
    text(label: string): string | null {
        return this.#rows.cell(this.#index, this.#column(label));
    }

    /** A value of kind `bytes`, or the bytes of any other's text; `null` is NULL. */
    bytes(label: string): Uint8Array | null {
        return this.#rows.cellBytes(this.#index, this.#column(label));
    }

    /** A value by its column's label, as `Cell` says; or what a reader makes of its text, which is not NULL then: `row.get("id", BigInt)`. */
    get<T = Cell>(label: string, reader?: Reader<T>): T {
        const text = this.text(label);
        if (reader === undefined) {
            return (text === null ? null : this.#read(label, text)) as T;
        }
        if (text === null) {
            throw assertion(`column \`${label}\` is NULL`);
        }
        try {
            return reader(text);
        } catch (error) {
            throw assertion(`column \`${label}\` is \`${text}\`: ${(error as Error).message}`);
        }
    }

    #read(label: string, text: string): Cell {
        switch (this.#columns[this.#column(label)]?.kind) {
            case "boolean":
                return text === "true";
            case "integer":
                return json.parse(text);
            case "float":
                return text === "inf" ? Number.POSITIVE_INFINITY : text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
            case "bytes":
                return this.bytes(label);
            case "json":
                return context(`column \`${label}\``, () => json.read("its value", text));
            default:
                return text;
        }
    }

    #column(label: string): number {
        const found = this.#columns.findIndex((column) => column.label === label);
        if (found < 0) {
            throw assertion(`there is no column \`${label}\``);
        }
        return found;
    }
}
