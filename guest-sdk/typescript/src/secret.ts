// Secrets by handle: the procedure places a marker, and the host puts the value in its place at the destination.

import host from "lockstep:contract/secret@0.1.0";

import { answer } from "./failure.js";
import { text } from "./given.js";

/** A secret of this run. In a text and in JSON it is its marker: safe anywhere, of use only where the grant lets it go. */
export class Secret {
    /** The id it has in the grant. */
    readonly id: string;
    /** The text that stands for the value in a header, a body, a variable or a standard input. */
    readonly marker: string;

    constructor(id: string, marker: string) {
        this.id = id;
        this.marker = marker;
    }

    /** The marker. */
    toString(): string {
        return this.marker;
    }

    /** The marker. */
    toJSON(): string {
        return this.marker;
    }
}

/** The secret that the grant declares under that id, or that a response was captured into. */
export function byId(id: string): Secret {
    const value = answer(() => host.byId(text("a secret's id", id)));
    return new Secret(value.id(), value.marker());
}
