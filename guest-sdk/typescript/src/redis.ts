// Stores of Redis that the grant names: commands by their words, and the keys that begin with a text.

import host from "lockstep:contract/redis@0.1.0";
import type { Scanned as Found, Store as Host } from "lockstep:contract/redis@0.1.0";

import { answer } from "./failure.js";
import * as given from "./given.js";
import { Reply } from "./reply.js";
import { Duration, wholeMillis } from "./units.js";
import { decode, encode } from "./utf8.js";

export { Reply };

/** The store that the grant has under that id. Each call connects anew. */
export function open(id: string): Store {
    const checked = given.text("a store's id", id);
    return new Store(checked, answer(() => host.Store.open(checked)));
}

/** A store of the grant. */
export class Store {
    readonly #id: string;
    readonly #store: Host;

    constructor(id: string, store: Host) {
        this.#id = id;
        this.#store = store;
    }

    /** Deadline of each call that follows. Without it the step's. */
    timeout(longest: Duration): this {
        this.#store.timeout(wholeMillis("a timeout", longest));
        return this;
    }

    /** Sends one command: `cache.run(["GET", "app:1"])`. Whether it is done again after a crash is the command's nature: see the contract. */
    run(words: Iterable<unknown>): Reply {
        const texts = given.texts("a command's words", words);
        return new Reply(this.#line(texts[0]), answer(() => this.#store.runText(texts)));
    }

    /** As `run`, with words of bytes, or of text among them. */
    runBytes(words: Iterable<string | Uint8Array>): Reply {
        const bytes = [...words].map((word) => octets("each of a command's words", word));
        const first = bytes[0] && decode(bytes[0], () => "\ufffd");
        return new Reply(this.#line(first), answer(() => this.#store.run(bytes)));
    }

    /** Whether it answers, and how soon. */
    ping(): Duration {
        return micros(answer(() => this.#store.ping()));
    }

    /** What the server says of itself: one section (`memory`, `replication`), or what it says by itself without one. */
    info(section = ""): string {
        const checked = given.text("a section", section);
        return answer(() => this.#store.info(checked));
    }

    /** The keys that begin with `prefix`, at most `most` of them, up to 1,000,000. It holds nobody up. */
    scan(prefix: string | Uint8Array, most: number): Scanned {
        const [begin, limit] = [octets("a prefix", prefix), given.whole("the number of keys", most)];
        return new Scanned(answer(() => this.#store.scan(begin, limit)));
    }

    /** Deletes the keys that begin with `prefix`, which is not empty, and gives how many. Counts first, and deletes none when there are more than `most`. */
    deleteByPrefix(prefix: string | Uint8Array, most: number): number {
        const [begin, limit] = [octets("a prefix", prefix), given.whole("the number of keys", most)];
        return answer(() => this.#store.deleteByPrefix(begin, limit));
    }

    /** What was asked, for messages. */
    #line(command: string | undefined): string {
        return `${this.#id} ${command ?? "…"}`;
    }
}

/** What a scan found. */
export class Scanned {
    readonly #scanned: Found;

    constructor(scanned: Found) {
        this.#scanned = scanned;
    }

    /** The keys, each once, in order. */
    keys(): Uint8Array[] {
        return this.#scanned.keys();
    }

    /** How long all of it took. */
    total(): Duration {
        return micros(this.#scanned.total());
    }

    /** The slowest round trip: how long anybody else had to wait for it at most. */
    slowest(): Duration {
        return micros(this.#scanned.slowest());
    }
}

function octets(what: string, value: string | Uint8Array): Uint8Array {
    return typeof value === "string" ? encode(given.text(what, value)) : given.bytes(what, value);
}

function micros(microseconds: number): Duration {
    return new Duration(microseconds / 1_000);
}
