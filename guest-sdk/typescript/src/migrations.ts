// Migrations from files: `0001_orders.up.sql` and `0001_orders.down.sql` in a folder of a mount. What the database has seen stands in its own history.
//
// A module of its own, so that who only asks a database does not import `files`.

import host from "lockstep:contract/db@0.1.0";

import type { Database } from "./db.js";
import { answer, assertion } from "./failure.js";
import * as files from "./files.js";
import * as given from "./given.js";
import { type Applied, type History, type Status, versions } from "./history.js";
import { type Duration, wholeMillis } from "./units.js";

type Host = InstanceType<typeof host.Migration>;

/** The largest number that a version may be. */
const LARGEST = 2n ** 64n - 1n;

interface Migration {
    version: string;
    title: string;
    up: string;
    down: string | undefined;
}

/**
 * Reads the migrations in a folder. A file `VERSION_title.up.sql` goes up, `VERSION_title.down.sql` goes back; a version is digits, in the order of their number.
 * Other files ending in `.sql` fail, so that a slip of a name leaves nothing out.
 */
export function read(folder: string): Migrations {
    const found = new Map<bigint, Partial<Migration>>();
    for (const name of files.entries(folder).filter((name) => name.endsWith(".sql"))) {
        const named = parse(name);
        if (named === undefined) {
            throw assertion(`${folder}/${name} is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql`);
        }
        const { number, version, title, way } = named;
        const text = files.readText(`${folder}/${name}`);
        const there = found.get(number) ?? { version, title };
        if (there.version !== version || there.title !== title || there[way] !== undefined) {
            throw assertion(`${folder} has two migrations of the number ${number}`);
        }
        found.set(number, { ...there, [way]: text });
    }
    const all = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { version, title, up, down }]) => {
        if (version === undefined || title === undefined || up === undefined) {
            throw assertion(`${folder}: migration ${version} goes back and has no file that goes up`);
        }
        return { version, title, up, down };
    });
    return new Migrations(all);
}

/** A file's name, taken apart. */
function parse(name: string): { number: bigint; version: string; title: string; way: "up" | "down" } | undefined {
    const [, version, title, way] = /^([0-9]+)_(.+)\.(up|down)\.sql$/s.exec(name) ?? [];
    if (version === undefined || title === undefined || BigInt(version) > LARGEST) {
        return undefined;
    }
    return { number: BigInt(version), version, title, way: way as "up" | "down" };
}

/** The migrations of a folder, in their order. Nothing happens before `up` or `downTo`. */
export class Migrations {
    readonly #all: Migration[];
    readonly #says: ((migration: Host) => void)[] = [];

    constructor(all: Migration[]) {
        this.#all = all;
    }

    /** Deadline of each migration, after which the server is told to stop. Without it the step's. */
    timeout(longest: Duration): this {
        const milliseconds = wholeMillis("a timeout", longest);
        return this.#saying((migration) => migration.timeout(milliseconds));
    }

    /** Says why no backup of the database need have been verified in this run. The reason stands in the journal. */
    withoutBackup(reason: string): this {
        const why = given.text("a reason", reason);
        return this.#saying((migration) => migration.withoutBackup(why));
    }

    /** The versions, in their order. */
    versions(): string[] {
        return this.#all.map(({ version }) => version);
    }

    /** How folder and database stand to each other. */
    status(database: Database): Status {
        const history = database.history();
        const status: Status = { applied: [], pending: [], changed: [], missing: [], unfinished: [] };
        for (const migration of this.#all) {
            status[this.#stands(migration, history)].push(migration.version);
        }
        const known = this.versions();
        const missing = history.filter(({ version, state }) => state !== "taken-back" && !known.includes(version));
        status.missing.push(...missing.map(({ version }) => version));
        return status;
    }

    /**
     * Applies every migration that is not, in order, and says which. One that a crash or a failure left unfinished is gone on with first. Fails with
     * `step.assertion`, before anything is done, when a script was changed after it had been applied or the folder lacks one that is applied.
     */
    up(database: Database): string[] {
        const { changed, missing, unfinished, pending } = this.status(database);
        if (changed[0] !== undefined) {
            throw assertion(`migration ${changed[0]} was changed after it had been applied: write a new one`);
        }
        if (missing[0] !== undefined) {
            throw lacking(missing[0]);
        }
        const todo = [...unfinished, ...pending];
        todo.forEach((version) => answer(() => this.#ready(this.#found(version)).up(database.handle)));
        return todo;
    }

    /**
     * Takes back what was applied since `recorded`, which `history` gave, last in first out, and says which. Nothing is taken back that was applied before, and
     * nothing at all when the folder lacks a file that goes back, or somebody else has taken back what was recorded.
     */
    downTo(database: Database, recorded: History): string[] {
        const history = database.history();
        const unfinished = history.find(({ state }) => state.startsWith("unfinished"));
        if (unfinished?.state === "unfinished") {
            throw assertion(`migration ${unfinished.version} is unfinished: go on with it, or restore the backup`);
        }
        const [before, now] = [versions(recorded), versions(history)];
        const gone = before.find((version) => !now.includes(version));
        if (gone !== undefined) {
            throw assertion(`migration ${gone} was applied when it was recorded, and is not any more: somebody else has migrated`);
        }
        const since = now.filter((version) => !before.includes(version)).reverse();
        const back = unfinished === undefined ? since : [unfinished.version, ...since];
        for (const version of back) {
            if (this.#found(version).down === undefined) {
                throw assertion(`migration ${version} has no file that goes back: restore the backup`);
            }
        }
        back.forEach((version) => answer(() => this.#ready(this.#found(version)).down(database.handle)));
        return back;
    }

    #stands(migration: Migration, history: History): Exclude<keyof Status, "missing"> {
        const applied: Applied | undefined = history.find(({ version }) => version === migration.version);
        if (applied?.state.startsWith("unfinished")) {
            return "unfinished";
        }
        if (applied?.state !== "applied") {
            return "pending";
        }
        return applied.checksum === this.#ready(migration).checksum() ? "applied" : "changed";
    }

    #found(version: string): Migration {
        const found = this.#all.find((migration) => migration.version === version);
        if (found === undefined) {
            throw lacking(version);
        }
        return found;
    }

    /** In the host's words. */
    #ready({ version, title, up, down }: Migration): Host {
        const migration = new host.Migration(version, title, up);
        if (down !== undefined) {
            migration.downScript(down);
        }
        this.#says.forEach((says) => says(migration));
        return migration;
    }

    #saying(says: (migration: Host) => void): this {
        this.#says.push(says);
        return this;
    }
}

function lacking(version: string): Error {
    return assertion(`migration ${version} is applied, and there is no file of it`);
}
