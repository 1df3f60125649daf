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
        readAt(offset: string, count: number): Uint8Array;
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
    import type { Sealed } from "lockstep:contract/artifact@0.1.0";

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
        bodyArtifact(): Sealed | null;
        truncated(): boolean;
        url(): string;
        timing(): Timing;
        tries(): number;
    }

    class Request {
        constructor(method: string, url: string);
        header(key: string, value: string): void;
        body(bytes: Uint8Array): void;
        bodyText(text: string): void;
        bodyArtifact(content: Sealed): void;
        intoArtifact(id: string): void;
        timeout(milliseconds: number): void;
        redirects(limit: number): void;
        idempotent(): void;
        probe(probe: Probe): void;
        asProbe(): Probe;
        capture(pointer: string, id: string): void;
        part(key: string, value: string): void;
        partFile(key: string, filename: string, contentType: string, bytes: Uint8Array): void;
        poll(everyMilliseconds: number, withinMilliseconds: number): void;
        untilStatus(status: number): void;
        untilJson(pointer: string, value: string): void;
        untilText(text: string): void;
        send(): Response;
    }

    class Batch {
        add(request: Request): void;
        send(): void;
        response(index: number): Response;
    }

    const http: { Request: typeof Request; Batch: typeof Batch };
    export default http;
}

declare module "lockstep:contract/shell@0.1.0" {
    import type { Probe } from "lockstep:contract/types@0.1.0";
    import type { Sealed } from "lockstep:contract/artifact@0.1.0";

    export interface Exit {
        code(): number;
        isSuccess(): boolean;
        stdout(): Uint8Array;
        stdoutText(): string;
        stderr(): Uint8Array;
        stderrText(): string;
        stdoutArtifact(): Sealed | null;
        truncated(): boolean;
        duration(): number;
    }

    class Command {
        constructor(program: string, args: string[]);
        env(key: string, value: string): void;
        envFile(key: string, content: string): void;
        directory(path: string): void;
        stdin(bytes: Uint8Array): void;
        stdinText(text: string): void;
        stdinArtifact(content: Sealed): void;
        stdoutArtifact(id: string): void;
        timeout(milliseconds: number): void;
        idempotent(): void;
        successCode(code: number): void;
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

declare module "lockstep:contract/redis@0.1.0" {
    export interface Reply {
        kind(): string;
        text(): string;
        bytes(): Uint8Array;
        integer(): string;
        count(): number;
        part(index: number): Reply;
        json(): string;
    }

    export interface Scanned {
        keys(): Uint8Array[];
        total(): number;
        slowest(): number;
    }

    export interface Store {
        timeout(milliseconds: number): void;
        run(words: Uint8Array[]): Reply;
        runText(words: string[]): Reply;
        ping(): number;
        info(section: string): string;
        scan(prefix: Uint8Array, most: number): Scanned;
        deleteByPrefix(prefix: Uint8Array, most: number): number;
    }

    const redis: { Store: { open(id: string): Store } };
    export default redis;
}

declare module "lockstep:contract/db@0.1.0" {
    import type { Sealed } from "lockstep:contract/artifact@0.1.0";

    export interface Column {
        label: string;
        kind: string;
        declared: string;
    }

    export interface Rows {
        columns(): Column[];
        count(): number;
        cell(row: number, column: number): string | null;
        cellBytes(row: number, column: number): Uint8Array | null;
        truncated(): boolean;
    }

    export interface Done {
        count(): number;
        affected(statement: number): string;
        returned(statement: number): Rows;
    }

    class Statement {
        constructor(sql: string);
        bindNull(): void;
        bindBoolean(value: boolean): void;
        bindInteger(value: string): void;
        bindFloat(value: number): void;
        bindDecimal(value: string): void;
        bindText(value: string): void;
        bindBytes(value: Uint8Array): void;
        bindTimestamp(value: string): void;
        bindJson(value: string): void;
        timeout(milliseconds: number): void;
        limitRows(rows: number): void;
        idempotent(): void;
    }

    class Transaction {
        add(statement: Statement): void;
        expectRows(rows: number): void;
        timeout(milliseconds: number): void;
        idempotent(): void;
    }

    export interface Database {
        engine(): string;
        ping(): void;
        query(statement: Statement): Rows;
        execute(statement: Statement): Done;
        commit(transaction: Transaction): Done;
        makeBackup(order: BackupOrder): Backup;
        backupIn(artifact: Sealed): Backup;
        verifyBackup(backup: Backup): void;
        restore(backup: Backup): void;
        restoreOver(backup: Backup): void;
    }

    class BackupOrder {
        constructor(id: string);
        atLeastBytes(bytes: string): void;
        atLeastRows(table: string, rows: string): void;
        timeout(milliseconds: number): void;
    }

    export interface BackupTable {
        label: string;
        rows: string;
        checksum: string;
    }

    export interface Backup {
        artifact(): Sealed;
        database(): string;
        engine(): string;
        format(): string;
        serverVersion(): string;
        tables(): BackupTable[];
    }

    class Migration {
        constructor(version: string, title: string, up: string);
        static history(database: Database): Rows;
        downScript(script: string): void;
        timeout(milliseconds: number): void;
        withoutBackup(reason: string): void;
        checksum(): string;
        up(database: Database): void;
        down(database: Database): void;
    }

    const db: {
        Database: { open(id: string): Database };
        Statement: typeof Statement;
        Transaction: typeof Transaction;
        BackupOrder: typeof BackupOrder;
        Migration: typeof Migration;
    };
    export default db;
}

declare module "lockstep:contract/kube@0.1.0" {
    export interface Change {
        object(): string;
        unpinned(): string[];
    }

    export interface Revision {
        text(): string;
        object(): string | null;
        replicas(): number | null;
        image(container: string): string | null;
    }

    class Target {
        constructor(apiVersion: string, kind: string, namespace: string, id: string);
        timeout(milliseconds: number): void;
        dryRun(): void;
        force(): void;
        read(): string | null;
        revision(): Revision;
        apply(before: Revision, json: string): Change;
        patch(before: Revision, json: string): Change;
        delete(before: Revision): void;
        scale(before: Revision, replicas: number): Change;
        setImage(before: Revision, container: string, image: string): Change;
        restart(before: Revision): Change;
        rolloutUndo(recorded: Revision): Change;
        rolloutStatus(): string;
        waitForCondition(condition: string, status: string): string;
        waitForJson(pointer: string, value: string): string;
        waitForDeleted(): void;
        logs(container: string, lines: number, since: number): string;
        events(): string[];
    }

    class Selection {
        constructor(apiVersion: string, kind: string, namespace: string);
        labels(selector: string): void;
        fields(selector: string): void;
        limit(count: number): void;
        entries(): string[];
    }

    const kube: { Target: typeof Target; Revision: { parse(text: string): Revision }; Selection: typeof Selection };
    export default kube;
}
