// Objects of one kind.

import host from "lockstep:contract/kube@0.1.0";

import { answer } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";

type Host = InstanceType<typeof host.Selection>;

/** Pods of a namespace. */
export function pods(namespace: string): Selection {
    return select("v1", "Pod", namespace);
}

/** Objects of any kind. An empty `namespace` is what belongs to none, or all of them. */
export function select(apiVersion: string, kind: string, namespace: string): Selection {
    return new Selection(apiVersion, kind, namespace);
}

/** Objects that are sought. Nothing happens before `entries`. */
export class Selection {
    readonly #kind: string;
    readonly #begin: () => Host;
    readonly #says: ((selection: Host) => void)[] = [];

    constructor(apiVersion: string, kind: string, namespace: string) {
        const [version, within] = [given.text("an API version", apiVersion), given.text("a namespace", namespace)];
        this.#kind = given.text("a kind", kind);
        this.#begin = () => new host.Selection(version, this.#kind, within);
    }

    /** Only those with these labels: `app=api,tier!=test`. */
    labels(selector: string): this {
        const checked = given.text("a selector", selector);
        return this.#saying((selection) => selection.labels(checked));
    }

    /** Only those with these fields: `status.phase=Running`. */
    fields(selector: string): this {
        const checked = given.text("a selector", selector);
        return this.#saying((selection) => selection.fields(checked));
    }

    /** How many there may be: more is a failure. Without it 500. */
    limit(count: number): this {
        const most = given.whole("the number of objects", count);
        return this.#saying((selection) => selection.limit(most));
    }

    /** The objects, by namespace and name. */
    entries<T = unknown>(): T[] {
        const selection = this.#begin();
        this.#says.forEach((says) => says(selection));
        return answer(() => selection.entries()).map((text) => json.read(this.#kind, text) as T);
    }

    #saying(says: (selection: Host) => void): this {
        this.#says.push(says);
        return this;
    }
}
