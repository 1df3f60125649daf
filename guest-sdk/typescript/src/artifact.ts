// Bytes named once in a run: the same id gives the same bytes in every later step and in every undo.

import host from "lockstep:contract/artifact@0.1.0";

import { answer, fail } from "./failure.js";
import * as given from "./given.js";
import { Artifact } from "./sealed.js";

export { Artifact };

/** Keeps text as an artifact of this run. */
export function fromText(id: string, text: string): Artifact {
    return draft(id).appendText(text).seal();
}

/** Keeps bytes as an artifact of this run. */
export function fromBytes(id: string, bytes: Uint8Array): Artifact {
    return draft(id).append(bytes).seal();
}

/** Begins an artifact that is written in parts. */
export function draft(id: string): Draft {
    return new Draft(id);
}

/** The artifact of that id. Fails when the run has none. */
export function byId(id: string): Artifact {
    const found = maybeById(id);
    if (found === undefined) {
        throw fail(`this run has no artifact \`${id}\``);
    }
    return found;
}

/** The artifact of that id, when the run has one. */
export function maybeById(id: string): Artifact | undefined {
    const found = answer(() => host.byId(given.text("an artifact's id", id)));
    return found === null ? undefined : new Artifact(found);
}

/** An artifact being written. Nothing of it exists until it is sealed. */
export class Draft {
    readonly #draft: InstanceType<typeof host.Draft>;

    constructor(id: string) {
        this.#draft = new host.Draft(given.text("an artifact's id", id));
    }

    /** Adds bytes at the end. */
    append(bytes: Uint8Array): this {
        this.#draft.append(given.bytes("an artifact's content", bytes));
        return this;
    }

    /** Adds text at the end. */
    appendText(text: string): this {
        this.#draft.appendText(given.text("an artifact's content", text));
        return this;
    }

    /** Stores the bytes and gives them their id. */
    seal(): Artifact {
        return new Artifact(answer(() => this.#draft.seal()));
    }
}
