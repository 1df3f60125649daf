// Files below the mounts that the grant names. Paths are absolute, as the grant shows them to the procedure.

import host from "lockstep:contract/files@0.1.0";

import { Asked } from "./asked.js";
import { Timestamp } from "./timestamp.js";
import { count, expectDigest as expectSame } from "./digest.js";
import { answer, assertion } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { Artifact } from "./sealed.js";
import { spokenSize } from "./units.js";

/** What can be at a path. */
export type EntryKind = "file" | "directory" | "link" | "other";

/** What `look` found. */
export interface Entry {
    /** What it is. */
    kind: EntryKind;
    /** Size in bytes. */
    size: number;
    /** Its last change. */
    modified: Timestamp;
    /** Where a link points. */
    target?: string;
}

/** The whole of a file. */
export function read(path: string): Uint8Array {
    return at(path, (path) => host.read(path));
}

/** The whole of a file as text. */
export function readText(path: string): string {
    return at(path, (path) => host.readText(path));
}

/** The whole of a file, read as JSON. */
export function readJson<T = unknown>(path: string): T {
    return json.read(path, readText(path)) as T;
}

/** Replaces or makes a file; nobody ever sees it half-written. */
export function write(path: string, bytes: Uint8Array): void {
    const content = given.bytes(`the content of ${path}`, bytes);
    at(path, (path) => host.write(path, content));
}

/** Replaces or makes a file from text: as `write`. */
export function writeText(path: string, text: string): void {
    const content = given.text(`the content of ${path}`, text);
    at(path, (path) => host.writeText(path, content));
}

/** Replaces or makes a file from a value, as JSON on several lines. */
export function writeJson(path: string, value: unknown): void {
    writeText(path, `${json.write(path, value, 2)}\n`);
}

/** Adds text at the end of a file, making it if needed. The one call here that must not be repeated: a crash in it leaves it in doubt. */
export function appendText(path: string, text: string): void {
    const content = given.text(`what is added to ${path}`, text);
    at(path, (path) => host.appendText(path, content));
}

/** As `appendText`, with a way for the host to find out whether it happened when its outcome was lost. */
export function appendTextProbed(path: string, text: string, probe: Asked): void {
    const content = given.text(`what is added to ${path}`, text);
    const ready = probe.ready();
    at(path, (path) => host.appendTextProbed(path, content, ready));
}

/** A probe that reads a file's digest: see `Probe.file`. */
export function digestProbe(path: string, digest: string): Asked {
    const [where, pinned] = [given.text("a path", path), given.text("a digest", digest)];
    return new Asked(() => host.digestProbe(where, pinned));
}

/** What is there, without following a last link; nothing when nothing is. */
export function look(path: string): Entry | undefined {
    const found = at(path, (path) => host.look(path));
    if (found === null) {
        return undefined;
    }
    const size = count(`the size of ${path}`, found.size());
    const entry: Entry = { kind: found.kind() as EntryKind, size, modified: Timestamp.parse(found.modified()) };
    const target = found.target();
    return target === null ? entry : { ...entry, target };
}

/** Whether anything is there. */
export function exists(path: string): boolean {
    return look(path) !== undefined;
}

/** Where a link points; nothing when there is no link. */
export function linkTarget(path: string): string | undefined {
    return look(path)?.target;
}

/** The names in a directory, sorted. */
export function entries(path: string): string[] {
    return at(path, (path) => host.entries(path));
}

/** Makes a directory and those above it. There already is well. */
export function makeDirectory(path: string): void {
    at(path, (path) => host.makeDirectory(path));
}

/** Removes a file, a link, or a directory and all in it. Not there is well. */
export function remove(path: string): void {
    at(path, (path) => host.remove(path));
}

/** Points the link at `path` to `target` in one step: a reader sees the old target or the new one, never none. */
export function link(path: string, target: string): void {
    const to = given.text("a link's target", target);
    at(path, (path) => host.link(path, to));
}

/** The SHA-256 of a file: `sha256:` and 64 hexadecimal digits. */
export function digest(path: string): string {
    return at(path, (path) => host.digest(path));
}

/** Fails unless the file has that digest. */
export function expectDigest(path: string, pinned: string): void {
    expectSame(path, digest(path), pinned);
}

/** Bytes free for the mount's file system. */
export function diskFree(path: string): number {
    return count(`the free space at ${path}`, at(path, (path) => host.diskFree(path)));
}

/** Fails unless so many bytes are free: `files.expectDiskFree("/app", gib(1))`. */
export function expectDiskFree(path: string, bytes: number): void {
    const free = diskFree(path);
    if (free < bytes) {
        throw assertion(`${path}: expected at least ${spokenSize(bytes)} free, found ${spokenSize(free)}`);
    }
}

/** Copies a file into a new artifact. */
export function keep(path: string, id: string): Artifact {
    const checked = given.text("an artifact's id", id);
    return new Artifact(at(path, (path) => host.keep(path, checked)));
}

/** Writes an artifact as a file. */
export function place(path: string, artifact: Artifact): void {
    at(path, (path) => host.place(path, artifact.sealed, false));
}

/** Writes an artifact as a program: a file that may be executed. */
export function placeProgram(path: string, artifact: Artifact): void {
    at(path, (path) => host.place(path, artifact.sealed, true));
}

/** The host's answer for a path; its messages name the path themselves. */
function at<T>(path: string, call: (path: string) => T): T {
    const checked = given.text("a path", path);
    return answer(() => call(checked));
}
