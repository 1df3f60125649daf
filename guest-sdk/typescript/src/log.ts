// What the procedure says to the operator. Values of secrets are taken out by the host before anything is shown.

import host from "lockstep:contract/log@0.1.0";
import type { Pair } from "lockstep:contract/types@0.1.0";

import { text, whole, words } from "./given.js";

/** Names and values beside a message, for machines to read: `{ slot: "blue", port: 8081 }`. */
export type Fields = Record<string, unknown>;

/** For the author. */
export function debug(message: string, fields: Fields = {}): void {
    host.debug(text("a message", message), pairs(fields));
}

/** For the operator. */
export function info(message: string, fields: Fields = {}): void {
    host.info(text("a message", message), pairs(fields));
}

/** Something the operator should look at; the run goes on. */
export function warn(message: string, fields: Fields = {}): void {
    host.warn(text("a message", message), pairs(fields));
}

/** Something is wrong. Saying so fails nothing: `throw fail(…)` does. */
export function error(message: string, fields: Fields = {}): void {
    host.error(text("a message", message), pairs(fields));
}

/** How far a long piece of work is, shown live. */
export function progress(done: number, total: number, message: string): void {
    host.progress(whole("what is done", done), whole("the total", total), text("a message", message));
}

function pairs(fields: Fields): Pair[] {
    return Object.entries(fields).map(([key, value]) => ({ key: text("a field's name", key), value: words(`the field \`${key}\``, value) }));
}
