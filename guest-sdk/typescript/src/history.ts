// The migrations that a database has seen, as plain values: a step returns them, and a later one reads them. Asks no interface by itself.

import { fail } from "./failure.js";
import type { Rows } from "./rows.js";

/** A migration that a database has seen. */
export interface Applied {
    /** Which one. */
    readonly version: string;
    /** What it is about. */
    readonly title: string;
    /** Of its script that goes up. */
    readonly checksum: string;
    /** `applied`, `taken-back`, `unfinished` or `unfinished-back`. */
    readonly state: string;
}

/** The migrations that a database has seen, in the order in which they were applied; what was taken back as well. */
export type History = readonly Applied[];

/** How a folder and a database stand to each other: versions. */
export interface Status {
    /** Those that are applied. */
    readonly applied: string[];
    /** Those that are not. */
    readonly pending: string[];
    /** Those that were applied with another script than the folder has now. */
    readonly changed: string[];
    /** Those that are applied and not in the folder. */
    readonly missing: string[];
    /** Those of which only a part is done. */
    readonly unfinished: string[];
}

/** What the host's rows say. */
export function seen(rows: Rows): History {
    return [...rows].map((row) => ({
        version: row.get("version", String),
        title: row.get("title", String),
        checksum: row.get("checksum", String),
        state: row.get("state", String),
    }));
}

/** The versions that are applied, in the order in which they were. */
export function versions(history: History): string[] {
    if (!Array.isArray(history) || history.some((applied: Partial<Applied> | null) => typeof applied?.version !== "string" || typeof applied.state !== "string")) {
        throw fail("what was recorded must be what `history` of a database gave");
    }
    return history.filter(({ state }) => state === "applied").map(({ version }) => version);
}
