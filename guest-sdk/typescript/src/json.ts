// Looking into JSON so that a miss says what was there instead.

import { assertion, fail } from "./failure.js";
import { byteLength } from "./utf8.js";

/** How much of a found text a message shows: enough to recognise a page, too little to fill a terminal. */
const SHOWN = 300;

/** A string, or a number in plain digits: what a whole number that is too large for `number` must be told from, and itself. */
const WORD = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** As `JSON.parse`, but that a whole number that a `number` would round is a `bigint`. */
export function parse(text: string): unknown {
    if (!/\d{16}/.test(text)) {
        return JSON.parse(text);
    }
    const large = (word: string) => /^-?\d+$/.test(word) && !Number.isSafeInteger(Number(word));
    const strings = new Set<unknown>();
    const rounded: unknown = JSON.parse(text, (_, value: unknown) => (strings.add(value), value));
    const mark = free((mark) => [...strings].some((value) => typeof value === "string" && value.startsWith(mark)));
    const marked = text.replace(WORD, (word) => (large(word) ? `"${mark}${word}"` : word));
    if (marked === text) {
        return rounded;
    }
    return JSON.parse(marked, (_, value: unknown) => (typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value));
}

/** As `JSON.stringify`, but that a `bigint` is written as the number that it is. */
function stringify(value: unknown, indent?: number): string | undefined {
    let large = false;
    const written = (mark: string) => {
        const plain = (_: string, member: unknown) => {
            large ||= typeof member === "bigint";
            return typeof member === "bigint" ? `${mark}${member}` : member;
        };
        return JSON.stringify(value, plain, indent) as string | undefined;
    };
    const text = written("");
    if (!large || text === undefined) {
        return text;
    }
    const mark = free((mark) => text.includes(`"${mark}`));
    return written(mark)?.replace(new RegExp(`"${mark}(-?\\d+)"`, "g"), "$1");
}

/** What no string begins with. */
function free(taken: (mark: string) => boolean): string {
    let mark = "#";
    while (taken(mark)) {
        mark += "#";
    }
    return mark;
}

/** Reads `text`, which came from `origin`, as JSON. */
export function read(origin: string, text: string): unknown {
    try {
        return parse(text);
    } catch (error) {
        throw assertion(`${origin}: expected JSON, found ${shown(text)} (${(error as Error).message})`);
    }
}

/** A value as JSON text. What has none, a function or a circle, is the author's mistake. */
export function write(what: string, value: unknown, indent?: number): string {
    let text: string | undefined;
    try {
        text = stringify(value, indent);
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
    const wanted = plain(parse(write("what is expected", expected)));
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
    return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
