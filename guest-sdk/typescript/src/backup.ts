// What a backup says of itself. Asks no interface by itself.

import type { Backup as Host } from "lockstep:contract/db@0.1.0";

import { assertion } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { Artifact } from "./sealed.js";

/** A table of a backup: how many rows it has, a `bigint` where a `number` would round it, and the checksum of all of them, in whichever order. */
export interface BackupTable {
    /** With the schema, where the engine has more than one. */
    readonly name: string;
    readonly rows: number | bigint;
    readonly checksum: string;
}

/** A backup that was made in this run. */
export class Backup {
    /** The host's handle. */
    readonly handle: Host;

    constructor(handle: Host) {
        this.handle = handle;
    }

    /** Its bytes. */
    artifact(): Artifact {
        return new Artifact(this.handle.artifact());
    }

    /** The name of the database in the grant. */
    database(): string {
        return this.handle.database();
    }

    /** `postgresql`, `mariadb`, `mysql` or `sqlite`. */
    engine(): string {
        return this.handle.engine();
    }

    /** `postgresql-archive`, `mariadb-sql`, `mysql-sql` or `sqlite-file`. */
    format(): string {
        return this.handle.format();
    }

    /** As the server said it. */
    serverVersion(): string {
        return this.handle.serverVersion();
    }

    /** Every table in it, by name. */
    tables(): BackupTable[] {
        return this.handle.tables().map(({ label, rows, checksum }) => ({ name: label, rows: json.parse(rows) as number | bigint, checksum }));
    }

    /** How many rows its tables have in all. */
    rows(): number | bigint {
        const all = this.tables().reduce((sum, { rows }) => sum + BigInt(rows), 0n);
        return json.parse(String(all)) as number | bigint;
    }

    /** Fails with `step.assertion` unless this table is in it, and has at least so many rows. */
    expectRows(table: string, atLeast: number | bigint): this {
        const least = BigInt(given.digits("the number of rows", atLeast));
        const found = this.tables().find(({ name }) => name === table);
        if (found === undefined) {
            throw assertion(`the backup has no table \`${table}\``);
        }
        if (BigInt(found.rows) < least) {
            throw assertion(`table \`${table}\` has ${found.rows} rows in the backup, expected at least ${least}`);
        }
        return this;
    }
}
