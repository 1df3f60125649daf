// Requests to the addresses that the grant allows.

import host from "lockstep:contract/http@0.1.0";

import { Asked } from "./asked.js";
import { addToQuery, form } from "./encoding.js";
import { answer, LockstepError } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { Response } from "./response.js";
import { Artifact } from "./sealed.js";
import type { Secret } from "./secret.js";
import { type Duration, wholeMillis } from "./units.js";

export { Response };

type Host = InstanceType<typeof host.Request>;

/** A `GET`: read, done again after a crash. */
export function get(url: string): Request {
    return new Request("GET", url);
}

/** A `HEAD`: read. */
export function head(url: string): Request {
    return new Request("HEAD", url);
}

/** A `POST`: at most once, unless `idempotent`. */
export function post(url: string): Request {
    return new Request("POST", url);
}

/** A `PUT`: idempotent. */
export function put(url: string): Request {
    return new Request("PUT", url);
}

/** A `PATCH`: at most once, unless `idempotent`. */
export function patch(url: string): Request {
    return new Request("PATCH", url);
}

/** A `DELETE`: idempotent. */
function remove(url: string): Request {
    return new Request("DELETE", url);
}

// A word that the language keeps for itself can be exported, and called as `http.delete(…)`, but not declared.
export { remove as delete };

/** An `OPTIONS`: read. */
export function options(url: string): Request {
    return new Request("OPTIONS", url);
}

/**
 * Sends requests, at most 100, reads side by side: what became of each, a response or the failure in its place, in the order given. One that changes something
 * is sent by itself, in its place.
 */
export function all(requests: Iterable<Request>): (Response | LockstepError)[] {
    const [batch, given] = [new host.Batch(), [...requests]];
    given.forEach((request) => request.addTo(batch));
    answer(() => batch.send());
    return given.map((request, index) => {
        try {
            return new Response(request.method, answer(() => batch.response(index)));
        } catch (failure) {
            if (failure instanceof LockstepError) {
                return failure;
            }
            throw failure;
        }
    });
}

/** A request being built. Nothing happens before `send`. */
export class Request {
    /** `GET` and the like. */
    readonly method: string;
    #url: string;
    readonly #headers: [string, string][] = [];
    #body: string | Uint8Array | Artifact | undefined;
    readonly #says: ((request: Host) => void)[] = [];
    #probe: Asked | undefined;

    constructor(method: string, url: string) {
        this.method = given.text("a method", method);
        this.#url = given.text("a URL", url);
    }

    /** Adds a header. The value may hold a secret. */
    header(name: string, value: unknown): this {
        this.#headers.push([given.text("a header's name", name), given.words(`the header \`${name}\``, value)]);
        return this;
    }

    /** Shows a token: `authorization: Bearer …`. The host puts the value in on the way out. */
    bearer(token: Secret): this {
        return this.header("authorization", `Bearer ${token.marker}`);
    }

    /** Adds `name=value` to the query, escaped. */
    query(name: string, value: unknown): this {
        this.#url = addToQuery(this.#url, name, value);
        return this;
    }

    /** A body of JSON. Secrets inside are put in by the host. */
    json(value: unknown): this {
        this.#body = given.text("a body", json.write(`the body of ${this.method} ${this.#url}`, value));
        return this.header("content-type", "application/json");
    }

    /** A body as a web form sends it. */
    form(fields: Record<string, unknown>): this {
        this.#body = form(fields);
        return this.header("content-type", "application/x-www-form-urlencoded");
    }

    /** A body of text. */
    text(text: string): this {
        this.#body = given.text("a body", text);
        return this;
    }

    /** A body of bytes. */
    bytes(bytes: Uint8Array): this {
        this.#body = given.bytes("a body", bytes);
        return this;
    }

    /** An artifact for the body, of any size and as it is. */
    artifact(content: Artifact): this {
        this.#body = content;
        return this;
    }

    /** Makes the body of the answer an artifact of any size, when its status is 200 to 299: `artifact` of the response has it. */
    intoArtifact(id: string): this {
        const checked = given.text("an artifact's id", id);
        return this.#saying((request) => request.intoArtifact(checked));
    }

    /** Deadline of the whole exchange. Without it 30 seconds. */
    timeout(longest: Duration): this {
        const milliseconds = wholeMillis("a timeout", longest);
        return this.#saying((request) => request.timeout(milliseconds));
    }

    /** Follows at most that many redirects, of `GET` and `HEAD`. Without it none. */
    redirects(limit: number): this {
        const most = given.whole("the number of redirects", limit);
        return this.#saying((request) => request.redirects(most));
    }

    /** Says that repeating this request does no harm, so that a crash does not leave it in doubt. */
    idempotent(): this {
        return this.#saying((request) => request.idempotent());
    }

    /** Takes the string at a JSON pointer of the response into the secret `id`: see `secret.byId`. */
    capture(pointer: string, id: string): this {
        const [where, into] = [given.text("a pointer", pointer), given.text("a secret's id", id)];
        return this.#saying((request) => request.capture(where, into));
    }

    /** A field of a body of several parts, which the host puts together. The value may hold a secret. */
    part(name: string, value: unknown): this {
        const [key, content] = [given.text("a part's name", name), given.words(`the part \`${name}\``, value)];
        return this.#saying((request) => request.part(key, content));
    }

    /** A file among the parts of the body: as `part`. */
    partFile(name: string, filename: string, contentType: string, bytes: Uint8Array): this {
        const [key, file] = [given.text("a part's name", name), given.text("a file's name", filename)];
        const [type, content] = [given.text("a content type", contentType), given.bytes(`the part \`${name}\``, bytes)];
        return this.#saying((request) => request.partFile(key, file, type, content));
    }

    /**
     * Asks again, so often and so long, until the answer is the one that the next lines say; without any, one with a status below 400. The host does it, in one
     * call; `within` asks from here, call by call. Not for what must not be done twice.
     */
    until(every: Duration, within: Duration): this {
        const [pause, longest] = [wholeMillis("a wait", every), wholeMillis("a deadline", within)];
        return this.#saying((request) => request.poll(pause, longest));
    }

    /** Waits for this status, or another one that is said so. */
    untilStatus(status: number): this {
        const wanted = given.whole("a status", status);
        return this.#saying((request) => request.untilStatus(wanted));
    }

    /** Waits for this value at a JSON pointer of the body: a text, a number or a flag. */
    untilJson(pointer: string, value: string | number | bigint | boolean): this {
        const [where, what] = [given.text("a pointer", pointer), given.words("the value at a pointer", value)];
        return this.#saying((request) => request.untilJson(where, what));
    }

    /** Waits for a body with this text in it. */
    untilText(text: string): this {
        const wanted = given.text("what is waited for", text);
        return this.#saying((request) => request.untilText(wanted));
    }

    /** How the host finds out whether it happened when its outcome was lost. Of use for what must not be done twice only. */
    probe(probe: Asked): this {
        this.#probe = probe;
        return this;
    }

    /** This request as a probe of another call. The grant must call it a read. */
    asProbe(): Asked {
        return new Asked(() => this.#ready().asProbe());
    }

    /** Sends it and waits for the whole response. A status of 400 or above is a response as well: say what you expect. */
    send(): Response {
        const request = this.#whole();
        return new Response(this.method, answer(() => request.send()));
    }

    /** Adds it to what is sent side by side. For `all`. */
    addTo(batch: InstanceType<typeof host.Batch>): void {
        batch.add(this.#whole());
    }

    #saying(says: (request: Host) => void): this {
        this.#says.push(says);
        return this;
    }

    /** In the host's words, with its probe. */
    #whole(): Host {
        const request = this.#ready();
        if (this.#probe !== undefined) {
            request.probe(this.#probe.ready());
        }
        return request;
    }

    /** In the host's words, but for the probe: what is asked as a probe has none. */
    #ready(): Host {
        const request = new host.Request(this.method, this.#url);
        this.#headers.forEach(([name, value]) => request.header(name, value));
        if (typeof this.#body === "string") {
            request.bodyText(this.#body);
        } else if (this.#body instanceof Artifact) {
            request.bodyArtifact(this.#body.sealed);
        } else if (this.#body !== undefined) {
            request.body(this.#body);
        }
        this.#says.forEach((says) => says(request));
        return request;
    }
}
