// The contract's interfaces as the guest's engine gives them: numbers, never bigint; a result that is an error is thrown, with the failure as its `payload`.
//
// A wrong type given to one of these traps, and nothing in the guest can catch that. The SDK checks before it calls; who imports these checks too.

declare module "lockstep:contract/types@0.1.0" {
    export interface Problem {
        code: string;
        message: string;
        retryable: boolean;
    }

    export type Failure =
        | { tag: "denied"; val: string }
        | { tag: "timed-out"; val: string }
        | { tag: "in-doubt"; val: string }
        | { tag: "failed"; val: Problem };

    export interface Pair {
        key: string;
        value: string;
    }

    export interface Probe {
        happened(code: number): void;
        didNot(code: number): void;
        json(pointer: string, value: string): void;
        text(text: string): void;
        otherwiseDidNot(): void;
    }
}

declare module "lockstep:contract/plan@0.1.0" {
    class Description {
        constructor(id: string, version: string);
        title(text: string): void;
    }

    class Parameter {
        constructor(id: string);
        title(text: string): void;
        fallback(value: string): void;
        choices(values: string[]): void;
    }

    class Step {
        constructor(id: string, title: string);
        about(text: string): void;
        phase(heading: string): void;
        needs(steps: string[]): void;
        timeout(seconds: number): void;
        retry(attempts: number, backoff: number, longest: number): void;
        retryOn(codes: string[]): void;
        onFailurePause(): void;
        onFailureUndo(): void;
        onFailureContinue(): void;
        undoable(): void;
        irreversible(): void;
        expected(seconds: number): void;
    }

    const plan: { Description: typeof Description; Parameter: typeof Parameter; Step: typeof Step };
    export default plan;
}

declare module "lockstep:contract/run@0.1.0" {
    const run: {
        id(): string;
        environment(): string;
        parameter(id: string): string | null;
        outputOf(step: string): string | null;
        attempt(): number;
        idempotencyKey(): string;
        remember(key: string, value: string): void;
        recall(key: string): string | null;
        giveUp(message: string): never;
    };
    export default run;
}

declare module "lockstep:contract/log@0.1.0" {
    import type { Pair } from "lockstep:contract/types@0.1.0";
    const log: {
        debug(message: string, fields: Pair[]): void;
        info(message: string, fields: Pair[]): void;
        warn(message: string, fields: Pair[]): void;
        error(message: string, fields: Pair[]): void;
        progress(done: number, total: number, message: string): void;
    };
    export default log;
}

declare module "lockstep:contract/clock@0.1.0" {
    const clock: {
        now(): string;
        pause(milliseconds: number): void;
        sleep(seconds: number): void;
        sleepUntil(instant: string): void;
    };
    export default clock;
}

declare module "lockstep:contract/random@0.1.0" {
    const random: {
        bytes(count: number): Uint8Array;
        uuid(): string;
    };
    export default random;
}

declare module "lockstep:contract/artifact@0.1.0" {
    export interface Sealed {
        id(): string;
        digest(): string;
        size(): string;
        read(offset: number, count: number): Uint8Array;
    }

    class Draft {
        constructor(id: string);
        append(bytes: Uint8Array): void;
        appendText(text: string): void;
        seal(): Sealed;
    }

    const artifact: { Draft: typeof Draft; byId(id: string): Sealed | null };
    export default artifact;
}

declare module "lockstep:contract/http@0.1.0" {
    import type { Pair, Probe } from "lockstep:contract/types@0.1.0";

    export interface Timing {
        dns: number;
        connect: number;
        tls: number;
        firstByte: number;
        total: number;
    }

    export interface Response {
        status(): number;
        header(key: string): string | null;
        headers(): Pair[];
        body(): Uint8Array;
        bodyText(): string;
        truncated(): boolean;
        url(): string;
        timing(): Timing;
    }

    class Request {
        constructor(method: string, url: string);
        header(key: string, value: string): void;
        body(bytes: Uint8Array): void;
        bodyText(text: string): void;
        timeout(milliseconds: number): void;
        redirects(limit: number): void;
        idempotent(): void;
        probe(probe: Probe): void;
        asProbe(): Probe;
        capture(pointer: string, id: string): void;
        send(): Response;
    }

    const http: { Request: typeof Request };
    export default http;
}

declare module "lockstep:contract/shell@0.1.0" {
    import type { Probe } from "lockstep:contract/types@0.1.0";

    export interface Exit {
        code(): number;
        stdout(): Uint8Array;
        stdoutText(): string;
        stderr(): Uint8Array;
        stderrText(): string;
        truncated(): boolean;
        duration(): number;
    }

    class Command {
        constructor(program: string, args: string[]);
        env(key: string, value: string): void;
        directory(path: string): void;
        stdin(bytes: Uint8Array): void;
        stdinText(text: string): void;
        timeout(milliseconds: number): void;
        idempotent(): void;
        probe(probe: Probe): void;
        asProbe(): Probe;
        run(): Exit;
    }

    const shell: { Command: typeof Command };
    export default shell;
}

declare module "lockstep:contract/files@0.1.0" {
    import type { Probe } from "lockstep:contract/types@0.1.0";
    import type { Sealed } from "lockstep:contract/artifact@0.1.0";

    export interface Entry {
        kind(): string;
        size(): string;
        modified(): string;
        target(): string | null;
    }

    const files: {
        read(path: string): Uint8Array;
        readText(path: string): string;
        write(path: string, bytes: Uint8Array): void;
        writeText(path: string, text: string): void;
        appendText(path: string, text: string): void;
        appendTextProbed(path: string, text: string, probe: Probe): void;
        digestProbe(path: string, digest: string): Probe;
        look(path: string): Entry | null;
        entries(path: string): string[];
        makeDirectory(path: string): void;
        remove(path: string): void;
        link(path: string, target: string): void;
        digest(path: string): string;
        diskFree(path: string): string;
        keep(path: string, id: string): Sealed;
        place(path: string, content: Sealed, executable: boolean): void;
    };
    export default files;
}

declare module "lockstep:contract/secret@0.1.0" {
    export interface Value {
        id(): string;
        marker(): string;
    }

    const secret: { byId(id: string): Value };
    export default secret;
}
