// Why a step, an undo or a call did not give its result: one kind of error for every capability.

import type { Failure } from "lockstep:contract/types@0.1.0";

import { own } from "./stack.js";

/** The codes that the SDK itself gives. Capabilities have their own, listed in the contract. */
export const codes = {
    /** The world is not as the procedure expects it: `ensure` and every `expect…`. Retried when the step declares a retry. */
    ASSERTION: "step.assertion",
    /** The procedure gave up: `fail`. Not retried. */
    FAILED: "step.failed",
    /** An exception that is no `LockstepError`, with the place where it was thrown. Not retried. */
    EXCEPTION: "step.exception",
    /** A parameter is missing or does not read as the type asked for. */
    PARAMETER: "step.parameter",
    /** An output or a remembered value is missing or has another shape. */
    OUTPUT: "step.output",
    /** The host asked for a step or an undo that the procedure does not declare for these parameters. */
    UNKNOWN: "step.unknown",
} as const;

/** What happened: the grant does not allow it; a deadline passed; nobody knows whether it happened; or it failed. */
export type Kind = Failure["tag"];

/** What every capability throws, and what a step throws to fail with a code of its own. */
export class LockstepError extends Error {
    /** Which of the four. */
    readonly kind: Kind;
    /** The problem's code, `http.tls` for example; the kind itself for the other three. */
    readonly code: string;
    /** Whether trying again may help: what a step's retry looks at when it names no codes, and what ends `within` early. */
    readonly isRetryable: boolean;

    /** Usually made by `fail` or `assertion`. */
    constructor(kind: Kind, message: string, code: string, retryable: boolean) {
        super(message);
        this.name = "LockstepError";
        this.kind = kind;
        this.code = code;
        this.isRetryable = retryable;
    }

    /** The same with another code. Only what failed has one to change. */
    withCode(code: string): LockstepError {
        return this.kind === "failed" ? new LockstepError(this.kind, this.message, code, this.isRetryable) : this;
    }

    /** The same, saying that trying again may help. */
    retryable(): LockstepError {
        return this.kind === "failed" ? new LockstepError(this.kind, this.message, this.code, true) : this;
    }

    /** The same with what was being done before what went wrong. */
    context(doing: string): LockstepError {
        return new LockstepError(this.kind, `${doing}: ${this.message}`, this.code, this.isRetryable);
    }

    /** For a person: `denied: …`, `timed out: …`, `in doubt: …`, or the message alone. */
    override toString(): string {
        return this.kind === "failed" ? this.message : `${this.kind.replace("-", " ")}: ${this.message}`;
    }
}

/** A failure of the procedure's own, to be thrown: code `step.failed`, not to be retried. `throw fail("nobody is on call")`. */
export function fail(message: string): LockstepError {
    return new LockstepError("failed", message, codes.FAILED, false);
}

/** The world is not as expected, to be thrown: retryable. */
export function assertion(message: string): LockstepError {
    return new LockstepError("failed", message, codes.ASSERTION, true);
}

/** Fails the step unless something holds: `ensure(free > 3, "only 2 slots are free")`. Code `step.assertion`. */
export function ensure(condition: unknown, message: string): asserts condition {
    if (!condition) {
        throw assertion(message);
    }
}

/** Does something, and puts what was being done before the message of a failure. */
export function context<T>(doing: string, act: () => T): T {
    try {
        return act();
    } catch (thrown) {
        throw thrown instanceof LockstepError ? thrown.context(doing) : fail(`${doing}: ${described(thrown)}`).withCode(codes.EXCEPTION);
    }
}

/** What a call of the host gives; a failure that it throws becomes a `LockstepError`. */
export function answer<T>(call: () => T): T {
    try {
        return call();
    } catch (thrown) {
        const failure = failureIn(thrown);
        throw failure === undefined ? thrown : heard(failure);
    }
}

/** What was thrown, in the host's words. */
export function told(thrown: unknown): Failure {
    if (thrown instanceof LockstepError) {
        const { kind, message, code, isRetryable } = thrown;
        return kind === "failed" ? { tag: kind, val: { code, message, retryable: isRetryable } } : { tag: kind, val: message };
    }
    return failureIn(thrown) ?? { tag: "failed", val: { code: codes.EXCEPTION, message: described(thrown), retryable: false } };
}

function heard(failure: Failure): LockstepError {
    if (failure.tag === "failed") {
        return new LockstepError(failure.tag, failure.val.message, failure.val.code, failure.val.retryable);
    }
    return new LockstepError(failure.tag, failure.val, failure.tag, failure.tag === "timed-out");
}

/** The failure that the engine puts into what it throws for a call of the host. */
function failureIn(thrown: unknown): Failure | undefined {
    return thrown instanceof Error && "payload" in thrown ? (thrown.payload as Failure) : undefined;
}

/** An exception as its author knows it: its name, its message, and where it was thrown. */
function described(thrown: unknown): string {
    if (!(thrown instanceof Error)) {
        return `something was thrown that is no Error: ${wellFormed(String(thrown))}`;
    }
    const stack = own(thrown.stack ?? "");
    const cause = thrown.cause === undefined ? "" : `\ncaused by ${described(thrown.cause)}`;
    return wellFormed(`${String(thrown)}${stack && `\n${stack}`}${cause}`);
}

/** Half a surrogate pair is no text to the host. */
function wellFormed(text: string): string {
    return text.toWellFormed();
}
