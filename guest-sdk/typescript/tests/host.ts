// A host: it writes down what it is told and answers what it was given to answer.

import type { Failure, Pair } from "lockstep:contract/types@0.1.0";

/** What the host was told. */
export const said: unknown[][] = [];
export const parameters: Record<string, string> = {};
export const outputs: Record<string, string> = {};
export const remembered: Record<string, string> = {};
/** By the name of a call of `http`, `shell` or `files`: what it gives or throws. */
export const answers: Record<string, () => unknown> = {};
/** Time passes in pauses only. */
let instant = Date.parse("2026-03-01T00:00:00Z");

/** Forgets everything. */
export function begin(): void {
    said.length = 0;
    for (const kept of [parameters, outputs, remembered, answers, folder]) {
        Object.keys(kept).forEach((key) => delete kept[key]);
    }
}

/** What the engine throws for a call that failed. */
export function failing(failure: Failure): () => never {
    return () => {
        throw Object.assign(new Error("ComponentError"), { payload: failure });
    };
}

/** A resource that is told things and gives nothing, but for the calls that have an answer. */
function told(kind: string, calls: string[]): new (...args: unknown[]) => object {
    class Told {
        constructor(...args: unknown[]) {
            said.push([kind, ...args]);
        }
    }
    for (const name of calls) {
        Object.defineProperty(Told.prototype, name, { value: asked(name) });
    }
    return Told;
}

/** A call that is written down and answered by `answers`. */
function asked(name: string): (...args: unknown[]) => unknown {
    return (...args) => {
        said.push([name, ...args]);
        return answers[name]?.();
    };
}

/** What came of a call: gives the parts as they stand. */
export function giving<T extends object>(parts: T): { [K in keyof T]: () => T[K] } {
    return Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, () => value])) as never;
}

const step = ["about", "phase", "needs", "timeout", "retry", "retryOn", "onFailurePause", "onFailureUndo", "onFailureContinue", "undoable", "irreversible"];
export const plan = {
    Description: told("description", ["title"]),
    Parameter: told("parameter", ["title", "fallback", "choices"]),
    Step: told("step", [...step, "expected"]),
};

export const run = {
    environment: () => "staging",
    parameter: (id: string) => parameters[id] ?? null,
    outputOf: (id: string) => outputs[id] ?? null,
    recall: (key: string) => remembered[key] ?? null,
    remember: (key: string, value: string) => void (remembered[key] = value),
};

const speak = (level: string) => (message: string, fields: Pair[]) => void said.push([level, message, fields]);
export const log = { debug: speak("debug"), info: speak("info"), warn: speak("warn"), error: speak("error") };

export const clock = {
    now: () => new Date(instant).toISOString(),
    pause: (milliseconds: number) => {
        said.push(["pause", milliseconds]);
        instant += milliseconds;
    },
};

const request = ["header", "body", "bodyText", "bodyArtifact", "intoArtifact", "timeout", "redirects", "idempotent", "capture", "part", "partFile", "poll"];
export const http = {
    Request: told("request", [...request, "untilStatus", "untilJson", "untilText", "send"]),
    Batch: class extends told("batch", ["send"]) {
        add(): void {
            said.push(["add"]);
        }

        response(index: number): unknown {
            return answers[`response ${index}`]?.();
        }
    },
};
const command = ["env", "envFile", "directory", "stdin", "stdinArtifact", "stdoutArtifact", "timeout", "idempotent", "successCode", "run"];
export const shell = { Command: told("command", command) };
const store = ["timeout", "run", "runText", "ping", "info", "scan", "deleteByPrefix"];
export const redis = { Store: { open: (id: string) => new (told("store", store))(id) } };
const bind = ["bindNull", "bindBoolean", "bindInteger", "bindFloat", "bindDecimal", "bindText", "bindBytes", "bindTimestamp", "bindJson"];
const backups = ["makeBackup", "backupIn", "verifyBackup", "restore", "restoreOver"];
const database = told("database", ["ping", "query", "execute", "commit", ...backups]);

/** A migration: its checksum is made of its script, and what the database has seen is an answer. */
class Migration extends told("migration of", ["downScript", "timeout", "withoutBackup"]) {
    readonly #words: string[];

    constructor(version: string, title: string, script: string) {
        super(version, title, script);
        this.#words = [version, script];
    }

    static history = asked("history");

    checksum(): string {
        return `sum of ${this.#words[1]}`;
    }

    up(): void {
        said.push(["up", this.#words[0]]);
    }

    down(): void {
        said.push(["down", this.#words[0]]);
    }
}

export const db = {
    Database: { open: (id: string) => Object.assign(new database(id), { engine: () => "postgresql" }) },
    Statement: told("statement", [...bind, "timeout", "limitRows", "idempotent"]),
    Transaction: told("transaction", ["add", "expectRows", "timeout", "idempotent"]),
    BackupOrder: told("order", ["atLeastBytes", "atLeastRows", "timeout"]),
    Migration,
};
const changes = ["apply", "patch", "delete", "scale", "setImage", "restart", "rolloutUndo"];
const waits = ["rolloutStatus", "waitForCondition", "waitForJson", "waitForDeleted", "logs", "events"];
export const kube = {
    Target: told("target", ["timeout", "dryRun", "force", "read", "revision", ...changes, ...waits]),
    Revision: { parse: asked("parse") },
    Selection: told("selection", ["labels", "fields", "limit", "entries"]),
};
/** Files by their paths. */
export const folder: Record<string, string> = {};
export const files = {
    diskFree: () => answers["diskFree"]?.(),
    readText: (path: string) => folder[path] ?? answers["readText"]?.(),
    entries: (path: string) => Object.keys(folder).filter((file) => file.startsWith(`${path}/`)).map((file) => file.slice(path.length + 1)).sort(),
};
export const artifact = { byId: asked("byId") };
export const [random, secret] = [{}, {}];

/** What came back. */
export function response(status: number, body: string, sealed: unknown = null): unknown {
    return {
        bodyArtifact: () => sealed,
        status: () => status,
        headers: () => [{ key: "X-Side", value: "blue" }],
        bodyText: () => body,
        url: () => "http://shop/health",
        tries: () => 3,
        timing: () => ({ dns: 0, connect: 0, tls: 0, firstByte: 0, total: 1_500_000 }),
    };
}

/** How a command ended. */
export function exit(code: number, out: string, err: string, success = code === 0): unknown {
    const bytes = (text: string) => () => new Uint8Array([...text].map((char) => char.charCodeAt(0)));
    return { code: () => code, isSuccess: () => success, stdout: bytes(out), stdoutText: () => out, stderr: bytes(err), stdoutArtifact: () => null };
}
