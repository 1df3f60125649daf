// Names and values as they stand in a query or a form.

import { text, words } from "./given.js";

/** The URL with `name=value` at the end of its query, before a fragment. */
export function addToQuery(url: string, name: string, value: unknown): string {
    const hash = url.indexOf("#");
    const end = hash < 0 ? url.length : hash;
    const question = url.slice(0, end).indexOf("?");
    const separator = question < 0 ? "?" : question === end - 1 ? "" : "&";
    return `${url.slice(0, end)}${separator}${field(name, value)}${url.slice(end)}`;
}

/** The body of a form. */
export function form(fields: Record<string, unknown>): string {
    return Object.entries(fields).map(([name, value]) => field(name, value)).join("&");
}

function field(name: string, value: unknown): string {
    return `${escaped(text("a field's name", name))}=${escaped(words(`the field \`${name}\``, value))}`;
}

/** Percent-escapes all but the characters that RFC 3986 calls unreserved. */
function escaped(text: string): string {
    return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
