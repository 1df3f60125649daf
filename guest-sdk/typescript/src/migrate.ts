// Migration tools that are programs: Alembic, Prisma, sqlx and Flyway. Each is a command that the grant allows; what it prints is taken apart, and a way back
// always names where it leads: a step back, `-1`, would lead elsewhere when it is repeated.
//
// Where the migrations are plain SQL, `migrations` needs no tool, and the host judges every statement.

import { assertion } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { info } from "./log.js";
import { type Command, command, type Exit } from "./shell.js";
import type { Duration } from "./units.js";

type Kind = "Alembic" | "Prisma" | "sqlx" | "Flyway";

/** Where a database stands, as its tool says: what a step returns before it migrates, to go back there. */
export interface Status {
    /** What is applied, the last at the end. Alembic says its heads only, and Prisma nothing. */
    readonly applied: string[];
    /** What is not. */
    readonly pending: string[];
}

/** Alembic. The grant's profile is `alembic`. */
export function alembic(program: string): Tool {
    return new Tool("Alembic", program);
}

/** Prisma. The grant's profile is `prisma`. It has no way back: `downTo` fails, and `prisma migrate reset`, which empties the database, is never run. */
export function prisma(program: string): Tool {
    return new Tool("Prisma", program);
}

/** The command line of sqlx. */
export function sqlx(program: string): Tool {
    return new Tool("sqlx", program);
}

/** Flyway. Its way back, `undo`, is not in every edition. */
export function flyway(program: string): Tool {
    return new Tool("Flyway", program);
}

/** Fails with `step.assertion` when something is pending. */
export function expectNothingPending(status: Status): void {
    if (status.pending.length > 0) {
        throw assertion(`migrations are pending: ${status.pending.join(", ")}`);
    }
}

/** A tool, and how it is called. Nothing happens before `status`, `up` or `downTo`. */
export class Tool {
    readonly #kind: Kind;
    readonly #program: string;
    readonly #first: string[] = [];
    readonly #says: ((command: Command) => void)[] = [];

    constructor(kind: Kind, program: string) {
        this.#kind = kind;
        this.#program = given.text("a program", program);
    }

    /** What stands before its own arguments: `prisma` for `npx`, `-c` and a file for Alembic. */
    first(args: Iterable<unknown>): this {
        this.#first.push(...given.texts("the arguments", args));
        return this;
    }

    /** The working directory, absolute, one the grant allows. */
    directory(path: string): this {
        return this.#saying((command) => command.directory(path));
    }

    /** Sets a variable the grant allows: `DATABASE_URL` with a secret. */
    env(name: string, value: unknown): this {
        return this.#saying((command) => command.env(name, value));
    }

    /** Deadline of each of its runs. Without it the step's. */
    timeout(longest: Duration): this {
        return this.#saying((command) => command.timeout(longest));
    }

    /** Where the database stands. */
    status(): Status {
        const said = (...args: string[]) => this.#run(args).expectSuccess().text();
        switch (this.#kind) {
            case "Alembic": {
                const applied = revisions(said("current"));
                return { applied, pending: revisions(said("heads")).filter((head) => !applied.includes(head)) };
            }
            case "Prisma":
                // It ends with 1 when something is pending.
                return ofPrisma(this.#run(["migrate", "status"]).text());
            case "sqlx":
                return ofSqlx(said("migrate", "info"));
            case "Flyway":
                return ofFlyway(said("info", "-outputType=json"));
        }
    }

    /**
     * Applies what is pending, and says where the database stands then. `reason`: the backup that there is, or why none is needed; the journal keeps it. The host
     * knows nothing of what a program does to a database, so that it cannot ask for one.
     */
    up(reason: string): Status {
        if (given.text("a reason", reason).trim() === "") {
            throw assertion("a migration needs a backup, or a reason why none is needed");
        }
        info(`migrating with ${this.#program}: ${reason}`);
        const up = { Alembic: ["upgrade", "head"], Prisma: ["migrate", "deploy"], sqlx: ["migrate", "run"], Flyway: ["migrate"] };
        this.#does(up[this.#kind]);
        return this.status();
    }

    /** Takes back what was applied since `recorded`, which `status` gave. Fails with `step.assertion` when the database does not stand there afterwards. */
    downTo(recorded: Status): void {
        const [there, last] = [recorded.applied.join(", "), recorded.applied.at(-1)];
        if (this.#kind === "Prisma") {
            throw assertion("Prisma has no way back: restore the backup");
        }
        const before = this.status().applied;
        if (before.join(", ") === there) {
            return;
        }
        this.#does(this.#back(recorded.applied, last, before));
        const now = this.status().applied.join(", ");
        if (now !== there) {
            throw assertion(`the database stands at ${now} where ${there} was recorded`);
        }
    }

    /** The arguments that lead back to what was recorded. */
    #back(recorded: string[], last: string | undefined, now: string[]): string[] {
        if (this.#kind === "sqlx") {
            return ["migrate", "revert", "--target-version", last ?? "0"];
        }
        if (this.#kind === "Flyway") {
            // Its target is the first that is taken back.
            const at = last === undefined ? 0 : now.lastIndexOf(last) + 1;
            const first = last !== undefined && at === 0 ? undefined : now[at];
            if (first === undefined) {
                throw assertion(last === undefined ? "nothing is applied" : `version ${last} was applied when it was recorded, and is not any more`);
            }
            return ["undo", `-target=${first}`];
        }
        if (last === undefined) {
            throw assertion("nothing was applied when it was recorded, and back to nothing is no way back: restore the backup");
        }
        if (recorded.length > 1) {
            throw assertion("Alembic had several heads when it was recorded: no one revision leads back there");
        }
        return ["downgrade", last];
    }

    /** What names where it leads does no harm a second time. */
    #does(args: string[]): void {
        this.#command(args).idempotent().run().expectSuccess();
    }

    #run(args: string[]): Exit {
        return this.#command(args).run();
    }

    #command(args: string[]): Command {
        const made = command(this.#program).args(this.#first).args(args);
        this.#says.forEach((says) => says(made));
        return made;
    }

    #saying(says: (command: Command) => void): this {
        this.#says.push(says);
        return this;
    }
}

function notUnderstood(tool: Kind, text: string): Error {
    return assertion(`what ${tool} printed is not understood: ${json.shown(text)}`);
}

/** A revision a line: `1975ea83b712 (head)`. */
function revisions(text: string): string[] {
    return text.split("\n").flatMap((line) => /^([A-Za-z0-9_.-]+)( \(.*)?$/.exec(line.trim())?.[1] ?? []);
}

/** Names after a line that ends in `not yet been applied:`, until an empty one. */
function ofPrisma(text: string): Status {
    const lines = text.split("\n").map((line) => line.trim());
    const from = lines.findIndex((line) => line.endsWith("not yet been applied:")) + 1;
    if (from === 0 && text.includes("Database schema is up to date")) {
        return { applied: [], pending: [] };
    }
    const until = lines.indexOf("", from);
    const pending = from === 0 ? [] : lines.slice(from, until < 0 ? undefined : until);
    if (pending.length === 0) {
        throw notUnderstood("Prisma", text);
    }
    return { applied: [], pending };
}

/** `20230101000000/installed create users`. */
function ofSqlx(text: string): Status {
    const status: Status = { applied: [], pending: [] };
    for (const line of text.split("\n").filter((line) => line.includes("/"))) {
        const [, version, rest] = /^([0-9]+)\/(.*)$/.exec(line.trim()) ?? [];
        if (version === undefined || rest === undefined) {
            throw notUnderstood("sqlx", line);
        }
        if (rest.startsWith("installed (different checksum)")) {
            throw assertion(`migration ${version} was changed after it had been applied`);
        }
        const word = rest.split(" ")[0];
        if (word === "installed") {
            status.applied.push(version);
        } else if (word === "pending") {
            status.pending.push(version);
        } else {
            throw notUnderstood("sqlx", line);
        }
    }
    return status;
}

/** JSON with `migrations`, each with `version` and `state`. */
function ofFlyway(text: string): Status {
    const { migrations } = Object(json.read("what Flyway printed", text)) as { migrations?: unknown };
    if (!Array.isArray(migrations)) {
        throw notUnderstood("Flyway", text);
    }
    const status: Status = { applied: [], pending: [] };
    for (const migration of migrations) {
        const { version, state } = Object(migration) as { version?: unknown; state?: unknown };
        if (typeof version !== "string" || typeof state !== "string") {
            throw notUnderstood("Flyway", text);
        }
        if (version === "" || ["Available", "Above Target", "Below Baseline"].includes(state)) {
            // Repeatable ones have no version, and undo scripts stand beside what they undo.
            continue;
        }
        if (["Success", "Out of Order", "Baseline"].includes(state)) {
            status.applied.push(version);
        } else if (["Pending", "Undone"].includes(state)) {
            status.pending.push(version);
        } else {
            throw assertion(`migration ${version} is in the state \`${state}\``);
        }
    }
    return status;
}
