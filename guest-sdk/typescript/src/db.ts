// Databases that the grant names. A statement has placeholders `$1`, `$2`, … with every engine, and its values beside it.

import host from "lockstep:contract/db@0.1.0";
import type { Database as Host, Done as Came } from "lockstep:contract/db@0.1.0";

import { answer, assertion } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { Rows } from "./rows.js";
import { type Duration, wholeMillis } from "./units.js";
import { bound, type Value } from "./value.js";

export { type Cell, type Column, Row, Rows } from "./rows.js";
export { Decimal, decimal, Float, float, Instant, instant, Json, jsonOf as json, type Value } from "./value.js";

type HostStatement = InstanceType<typeof host.Statement>;
type HostTransaction = InstanceType<typeof host.Transaction>;

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

/** A database of the grant. */
export class Database {
    readonly #name: string;
    readonly #database: Host;

    constructor(name: string, database: Host) {
        this.#name = name;
        this.#database = database;
    }

    /** What the grant says it is, and a server is held to: `postgresql`, `mariadb`, `mysql` or `sqlite`. */
    engine(): string {
        return this.#database.engine();
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
        answer(() => this.#database.ping());
    }

    /** Runs a statement that only reads. */
    query(statement: Statement): Rows {
        const ready = statement.ready();
        return new Rows(answer(() => this.#database.query(ready)));
    }

    /** Runs one statement, in a transaction of its own. */
    execute(statement: Statement): Done {
        const ready = statement.ready();
        return new Done(answer(() => this.#database.execute(ready)));
    }

    /** Runs all statements and commits them, or keeps nothing of them. */
    commit(transaction: Transaction): Done {
        const ready = transaction.ready();
        return new Done(answer(() => this.#database.commit(ready)));
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
