// Databases that the grant names. A statement has placeholders `$1`, `$2`, … with every engine, and its values beside it.

import host from "lockstep:contract/db@0.1.0";
import type { Database as Host, Done as Came } from "lockstep:contract/db@0.1.0";

import { byId } from "./artifact.js";
import { Backup } from "./backup.js";
import { answer, assertion } from "./failure.js";
import * as given from "./given.js";
import { type History, seen } from "./history.js";
import * as json from "./json.js";
import { Rows } from "./rows.js";
import type { Artifact } from "./sealed.js";
import { type Duration, wholeMillis } from "./units.js";
import { bound, type Value } from "./value.js";

export { Backup, type BackupTable } from "./backup.js";
export type { Applied, History, Status } from "./history.js";
export { type Cell, type Column, Row, Rows } from "./rows.js";
export { Decimal, decimal, Float, float, Instant, instant, Json, jsonOf as json, type Value } from "./value.js";

type HostStatement = InstanceType<typeof host.Statement>;
type HostTransaction = InstanceType<typeof host.Transaction>;
type HostOrder = InstanceType<typeof host.BackupOrder>;

/** The database that the grant has under this name. Nothing is connected yet. */
export function open(name: string): Database {
    const checked = given.text("a database's name", name);
    return new Database(checked, answer(() => host.Database.open(checked)));
}

/** Begins a statement: `db.sql("SELECT count(*) FROM orders WHERE state = $1").bind("open")`. */
export function sql(text: string): Statement {
    return new Statement(text);
}

/** Begins a transaction. */
export function transaction(): Transaction {
    return new Transaction();
}

/** Begins the order of a backup, whose artifact gets this id: `shop.backup(db.backup("before-release").atLeastRows("public.orders", 1_000))`. */
export function backup(id: string): BackupOrder {
    return new BackupOrder(id);
}

/** A database of the grant. */
export class Database {
    readonly #name: string;
    /** The host's handle. */
    readonly handle: Host;

    constructor(name: string, handle: Host) {
        this.#name = name;
        this.handle = handle;
    }

    /** What the grant says it is, and a server is held to: `postgresql`, `mariadb`, `mysql` or `sqlite`. */
    engine(): string {
        return this.handle.engine();
    }

    /** Fails with `step.assertion` unless it is this engine: what follows was written for it. */
    expectEngine(engine: string): this {
        const found = this.engine();
        if (found !== engine) {
            throw assertion(`database \`${this.#name}\` is ${found}, expected ${engine}`);
        }
        return this;
    }

    /** Connects, if need be, and gets an answer. */
    ping(): void {
        answer(() => this.handle.ping());
    }

    /** Runs a statement that only reads. */
    query(statement: Statement): Rows {
        const ready = statement.ready();
        return new Rows(answer(() => this.handle.query(ready)));
    }

    /** Runs one statement, in a transaction of its own. */
    execute(statement: Statement): Done {
        const ready = statement.ready();
        return new Done(answer(() => this.handle.execute(ready)));
    }

    /** Runs all statements and commits them, or keeps nothing of them. */
    commit(transaction: Transaction): Done {
        const ready = transaction.ready();
        return new Done(answer(() => this.handle.commit(ready)));
    }

    /**
     * Copies the whole database into an artifact, as it is at one moment. Ordered once more under the same id, as by a step that is tried again, it is the backup
     * that was made first.
     */
    backup(order: BackupOrder): Backup {
        const ready = order.ready();
        return new Backup(answer(() => this.handle.makeBackup(ready)));
    }

    /** The backup that an earlier step has made under this id. Fails when the run has none. */
    backupNamed(id: string): Backup {
        return this.backupIn(byId(id));
    }

    /** What an artifact is a backup of. Fails when it is none. */
    backupIn(artifact: Artifact): Backup {
        return new Backup(answer(() => this.handle.backupIn(artifact.sealed)));
    }

    /** Restores a backup into a scratch database that the host makes and drops, and compares rows and checksum of every table. Touches nothing else. */
    verifyBackup(backup: Backup): void {
        answer(() => this.handle.verifyBackup(backup.handle));
    }

    /** Restores a backup into this database, which has to be empty. */
    restore(backup: Backup): void {
        answer(() => this.handle.restore(backup.handle));
    }

    /** Restores a backup into this database in the place of everything that is in it. */
    restoreOver(backup: Backup): void {
        answer(() => this.handle.restoreOver(backup.handle));
    }

    /** The migrations that it has seen, in the order in which they were applied: what a step returns before it migrates, to go back there. */
    history(): History {
        return seen(new Rows(answer(() => host.Migration.history(this.handle))));
    }
}

/** A statement being built. Nothing happens before it is handed to a database. */
export class Statement {
    readonly #text: string;
    readonly #says: ((statement: HostStatement) => void)[] = [];

    constructor(text: string) {
        this.#text = given.text("a statement", text);
    }

    /**
     * The value of the next placeholder: `null`, a text, a flag, a number, a `bigint`, bytes, a `Timestamp`, or what `db.decimal`, `db.float`, `db.instant` and
     * `db.json` make. A `number` without a fraction is a whole number.
     */
    bind(value: Value): this {
        return this.#saying(bound(value));
    }

    /** Deadline, after which the server is told to stop. Without it the step's. */
    timeout(longest: Duration): this {
        const milliseconds = wholeMillis("a timeout", longest);
        return this.#saying((statement) => statement.timeout(milliseconds));
    }

    /** Has the first rows, at most so many. */
    limitRows(rows: number): this {
        const most = given.whole("the number of rows", rows);
        return this.#saying((statement) => statement.limitRows(most));
    }

    /** Says that repeating it does no harm, so that a crash does not leave it in doubt. */
    idempotent(): this {
        return this.#saying((statement) => statement.idempotent());
    }

    /** In the host's words. */
    ready(): HostStatement {
        const statement = new host.Statement(this.#text);
        this.#says.forEach((says) => says(statement));
        return statement;
    }

    #saying(says: (statement: HostStatement) => void): this {
        this.#says.push(says);
        return this;
    }
}

/** Statements that are committed together. */
export class Transaction {
    readonly #says: ((transaction: HostTransaction) => void)[] = [];

    /** Adds a statement. */
    add(statement: Statement): this {
        return this.#saying((transaction) => transaction.add(statement.ready()));
    }

    /** How many rows the statement added last must concern: with any other number nothing is kept. */
    expectRows(rows: number): this {
        const wanted = given.whole("the number of rows", rows);
        return this.#saying((transaction) => transaction.expectRows(wanted));
    }

    /** Deadline, after which the server is told to stop. Without it the step's. */
    timeout(longest: Duration): this {
        const milliseconds = wholeMillis("a timeout", longest);
        return this.#saying((transaction) => transaction.timeout(milliseconds));
    }

    /** Says that repeating it does no harm, so that a crash does not leave it in doubt. */
    idempotent(): this {
        return this.#saying((transaction) => transaction.idempotent());
    }

    /** In the host's words. */
    ready(): HostTransaction {
        const transaction = new host.Transaction();
        this.#says.forEach((says) => says(transaction));
        return transaction;
    }

    #saying(says: (transaction: HostTransaction) => void): this {
        this.#says.push(says);
        return this;
    }
}

/** A backup being ordered. Nothing happens before it is handed to a database. */
export class BackupOrder {
    readonly #id: string;
    readonly #says: ((order: HostOrder) => void)[] = [];

    constructor(id: string) {
        this.#id = given.text("an artifact's id", id);
    }

    /** With less it is no backup, and fails with `db.backup-too-small`. */
    atLeastBytes(bytes: number | bigint): this {
        const least = given.digits("the number of bytes", bytes);
        return this.#saying((order) => order.atLeastBytes(least));
    }

    /** With fewer rows in this table it is no backup. Tables of PostgreSQL are named with their schema: `public.orders`. */
    atLeastRows(table: string, rows: number | bigint): this {
        const [name, least] = [given.text("a table", table), given.digits("the number of rows", rows)];
        return this.#saying((order) => order.atLeastRows(name, least));
    }

    /** Deadline. Without it the step's. */
    timeout(longest: Duration): this {
        const milliseconds = wholeMillis("a timeout", longest);
        return this.#saying((order) => order.timeout(milliseconds));
    }

    /** In the host's words. */
    ready(): HostOrder {
        const order = new host.BackupOrder(this.#id);
        this.#says.forEach((says) => says(order));
        return order;
    }

    #saying(says: (order: HostOrder) => void): this {
        this.#says.push(says);
        return this;
    }
}

/** What statements that change something came to. */
export class Done {
    readonly #done: Came;

    constructor(done: Came) {
        this.#done = done;
    }

    /** How many rows the first statement concerned: a `bigint` where a `number` would round it. */
    rows(): number | bigint {
        return this.#affected(0);
    }

    /** How many rows each statement concerned. */
    allRows(): (number | bigint)[] {
        return Array.from({ length: this.#done.count() }, (_, statement) => this.#affected(statement));
    }

    /** What `RETURNING` gave, of each statement. */
    returned(): Rows[] {
        return Array.from({ length: this.#done.count() }, (_, statement) => new Rows(this.#done.returned(statement)));
    }

    /**
     * Fails with `step.assertion` unless the first statement concerned so many rows. It has been committed all the same: to keep nothing otherwise, use
     * `expectRows` of a transaction.
     */
    expectRows(rows: number): this {
        const found = this.rows();
        if (found !== rows) {
            throw assertion(`${found} rows were concerned, expected ${rows}`);
        }
        return this;
    }

    #affected(statement: number): number | bigint {
        return json.parse(this.#done.affected(statement)) as number | bigint;
    }
}
