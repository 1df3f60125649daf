// The names that every JavaScript author knows and the engine lacks, given by the host: each answer is a journaled value.
//
// The build puts this before everything else. What a module reads while it is loaded is read at build time, when there is no host: see `Date`.

import clock from "lockstep:contract/clock@0.1.0";
import log from "lockstep:contract/log@0.1.0";
import random from "lockstep:contract/random@0.1.0";

import { fail } from "./failure.js";
import { asked } from "./running.js";
import { own } from "./stack.js";
import { Timestamp } from "./timestamp.js";
import { decode, encode } from "./utf8.js";

const NativeDate = Date;

function now(): number {
    asked("the time");
    return Timestamp.parse(clock.now()).micros / 1_000;
}

/** As the engine's, but for the instant: that is the run's. */
const JournaledDate = new Proxy(NativeDate, {
    apply: () => new NativeDate(Math.floor(now())).toString(),
    construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [Math.floor(now())] : args, made) as object,
    get: (target, key) => (key === "now" ? () => Math.floor(now()) : (Reflect.get(target, key) as unknown)),
});
NativeDate.prototype.constructor = JournaledDate;

function drawn(count: number): Uint8Array {
    asked("randomness");
    return random.bytes(count);
}

/** 53 bits, as the engine's own has. */
function fraction(): number {
    const bytes = drawn(7);
    return bytes.reduce((sum, byte, at) => sum + (at === 0 ? byte & 0x1f : byte) * 256 ** (6 - at), 0) / 2 ** 53;
}

function said(args: unknown[]): string {
    asked("output");
    return args.map((arg) => (typeof arg === "string" ? arg : shown(arg))).join(" ").toWellFormed();
}

function shown(value: unknown): string {
    if (value instanceof Error) {
        return `${String(value)}\n${own(value.stack ?? "")}`.trimEnd();
    }
    try {
        return (typeof value === "object" && JSON.stringify(value)) || String(value);
    } catch {
        return String(value);
    }
}

const console = {
    debug: (...args: unknown[]) => log.debug(said(args), []),
    log: (...args: unknown[]) => log.info(said(args), []),
    info: (...args: unknown[]) => log.info(said(args), []),
    warn: (...args: unknown[]) => log.warn(said(args), []),
    error: (...args: unknown[]) => log.error(said(args), []),
};

const crypto = {
    randomUUID(): string {
        asked("randomness");
        return random.uuid();
    },
    getRandomValues<T extends ArrayBufferView>(array: T): T {
        const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
        for (let at = 0; at < bytes.length; at += 4_096) {
            bytes.set(drawn(Math.min(bytes.length - at, 4_096)), at);
        }
        return array;
    },
};

class TextEncoder {
    readonly encoding = "utf-8";

    encode(text = ""): Uint8Array {
        return encode(String(text));
    }
}

class TextDecoder {
    readonly encoding = "utf-8";
    readonly fatal: boolean;

    constructor(label = "utf-8", options: { fatal?: boolean } = {}) {
        if (!/^(utf-?8|unicode-1-1-utf-8)$/i.test(label)) {
            throw new RangeError(`only utf-8 can be decoded here, not ${label}`);
        }
        this.fatal = options.fatal ?? false;
    }

    decode(bytes: ArrayBuffer | ArrayBufferView = new Uint8Array()): string {
        const view = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
        const text = decode(view, (position) => {
            if (this.fatal) {
                throw new TypeError(`invalid utf-8 at byte ${position}`);
            }
            return "\ufffd";
        });
        return text.startsWith("\ufeff") ? text.slice(1) : text;
    }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 of a text whose characters are bytes. */
function btoa(binary: string): string {
    let encoded = "";
    for (let at = 0; at < binary.length; at += 3) {
        const codes = [0, 1, 2].map((n) => binary.charCodeAt(at + n) || 0);
        if (codes.some((code) => code > 255)) {
            throw fail("btoa takes characters up to U+00FF only: encode text with TextEncoder first");
        }
        const group = ((codes[0] ?? 0) << 16) | ((codes[1] ?? 0) << 8) | (codes[2] ?? 0);
        const left = binary.length - at;
        encoded += [18, 12, 6, 0].map((shift, n) => (n > left ? "=" : ALPHABET.charAt((group >> shift) & 63))).join("");
    }
    return encoded;
}

/** The text whose characters are the bytes of a base64 text. */
function atob(encoded: string): string {
    const plain = encoded.replace(/[\t\n\f\r ]/g, "").replace(/={1,2}$/, "");
    const values = [...plain].map((character) => ALPHABET.indexOf(character));
    if (plain.length % 4 === 1 || values.includes(-1)) {
        throw fail("atob was given what is not base64");
    }
    let binary = "";
    for (let at = 0; at + 1 < values.length; at += 4) {
        const group = [0, 1, 2, 3].reduce((sum, n) => (sum << 6) | (values[at + n] ?? 0), 0);
        binary += String.fromCharCode(...[group >> 16, (group >> 8) & 255, group & 255].slice(0, Math.min(values.length - at, 4) - 1));
    }
    return binary;
}

Math.random = fraction;
Object.assign(globalThis, { Date: JournaledDate, performance: { now }, console, crypto, TextEncoder, TextDecoder, btoa, atob });
