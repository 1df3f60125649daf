// Looking into JSON so that a miss says what was there instead.

import { assertion, fail } from "./failure.js";
import { byteLength } from "./utf8.js";

/** How much of a found text a message shows: enough to recognise a page, too little to fill a terminal. */
const SHOWN = 300;

/** Reads `text`, which came from `origin`, as JSON. */
export function read(origin: string, text: string): unknown {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw assertion(`${origin}: expected JSON, found ${shown(text)} (${(error as Error).message})`);
    }
}

/** A value as JSON text. What has none, a function or a circle, is the author's mistake. */
export function write(what: string, value: unknown, indent?: number): string {
    let text: string | undefined;
    try {
        text = JSON.stringify(value, undefined, indent);
    } catch (error) {
        throw fail(`writing ${what}: ${(error as Error).message}`);
    }
    if (text === undefined) {
        throw fail(`writing ${what}: ${typeof value} cannot be written as JSON`);
    }
    return text;
}

/** The value at the JSON pointer. */
export function path(origin: string, text: string, pointer: string): unknown {
    if (pointer !== "" && !pointer.startsWith("/")) {
        throw fail(`${JSON.stringify(pointer)} is not a JSON pointer: it must begin with \`/\`, as in "/items/0/name"`);
    }
    let found = read(origin, text);
    for (const part of pointer.split("/").slice(1)) {
        const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
        const here = Array.isArray(found) ? /^(0|[1-9]\d*)$/.test(key) : typeof found === "object" && found !== null;
        if (!here || !Object.hasOwn(found as object, key)) {
            throw assertion(`${origin}: expected something at ${pointer}, found none in ${shown(text)}`);
        }
        found = (found as Record<string, unknown>)[key];
    }
    return found;
}

/** Fails unless the value at the JSON pointer is `expected`. */
export function expect(origin: string, text: string, pointer: string, expected: unknown): void {
    const wanted = plain(JSON.parse(write("what is expected", expected)));
    const found = plain(path(origin, text, pointer));
    if (found !== wanted) {
        throw assertion(`${origin}: expected ${pointer} to be ${wanted}, found ${shown(found)}`);
    }
}

/** Text cut to what a message can carry. */
export function shown(text: string): string {
    const trimmed = text.trim();
    const characters = [...trimmed.slice(0, 2 * SHOWN + 2)];
    if (characters.length <= SHOWN) {
        return trimmed || "nothing";
    }
    return `${characters.slice(0, SHOWN).join("")}… (${byteLength(trimmed)} bytes in all)`;
}

/** JSON text in which the same value is always the same text. */
function plain(value: unknown): string {
    if (Array.isArray(value)) {
        return `[${value.map(plain).join(",")}]`;
    }
    if (typeof value === "object" && value !== null) {
        const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
        return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${plain(member)}`).join(",")}}`;
    }
    return JSON.stringify(value);
}
