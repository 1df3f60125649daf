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
    for (const kept of [parameters, outputs, remembered, answers]) {
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
        Object.defineProperty(Told.prototype, name, {
            value: (...args: unknown[]) => {
                said.push([name, ...args]);
                return answers[name]?.();
            },
        });
    }
    return Told;
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

export const http = { Request: told("request", ["header", "body", "bodyText", "timeout", "redirects", "idempotent", "capture", "send"]) };
export const shell = { Command: told("command", ["env", "directory", "stdin", "timeout", "idempotent", "run"]) };
export const files = { diskFree: () => answers["diskFree"]?.(), readText: () => answers["readText"]?.() };
export const [artifact, random, secret] = [{}, {}, {}];

/** What came back. */
export function response(status: number, body: string): unknown {
    return {
        status: () => status,
        headers: () => [{ key: "X-Side", value: "blue" }],
        bodyText: () => body,
        url: () => "http://shop/health",
        timing: () => ({ dns: 0, connect: 0, tls: 0, firstByte: 0, total: 1_500_000 }),
    };
}

/** How a command ended. */
export function exit(code: number, out: string, err: string): unknown {
    const bytes = (text: string) => () => new Uint8Array([...text].map((char) => char.charCodeAt(0)));
    return { code: () => code, stdout: bytes(out), stdoutText: () => out, stderr: bytes(err) };
}
