// Objects of the Kubernetes cluster that the grant names.
//
// A change records how the object stands before it is made, and `putBack` in the step's undo restores that: the very pod template, with the digests that ran,
// whatever the cluster's own history says.

import host from "lockstep:contract/kube@0.1.0";
import type { Change as Made, Revision as HostRevision } from "lockstep:contract/kube@0.1.0";

import { answer, fail } from "./failure.js";
import * as given from "./given.js";
import * as json from "./json.js";
import { Change, keep, kept, key, Revision } from "./recorded.js";
import { type Duration, wholeMillis, wholeSecs } from "./units.js";

export { Change, Revision };
export { pods, Selection, select } from "./selection.js";

type Host = InstanceType<typeof host.Target>;

/** How far a rollout is. */
export interface Rollout {
    /** Replicas that are wanted. */
    wanted: number;
    /** Of the new template. */
    updated: number;
    /** Ready. */
    ready: number;
    /** Ready for as long as they must be. */
    available: number;
}

/** Something that happened to an object. */
export interface Event {
    /** When it was last seen. */
    at: string;
    /** `Normal` or `Warning`. */
    kind: string;
    /** `FailedScheduling` and the like. */
    reason: string;
    /** For a person. */
    message: string;
    /** How often it was seen. */
    count: number;
}

/** A Deployment. */
export function deployment(namespace: string, id: string): Target {
    return object("apps/v1", "Deployment", namespace, id);
}

/** A StatefulSet. */
export function statefulSet(namespace: string, id: string): Target {
    return object("apps/v1", "StatefulSet", namespace, id);
}

/** A DaemonSet. */
export function daemonSet(namespace: string, id: string): Target {
    return object("apps/v1", "DaemonSet", namespace, id);
}

/** A pod. */
export function pod(namespace: string, id: string): Target {
    return object("v1", "Pod", namespace, id);
}

/** Any object, whether or not it is there. `namespace` is empty for what belongs to none. */
export function object(apiVersion: string, kind: string, namespace: string, id: string): Target {
    return new Target(apiVersion, kind, namespace, id);
}

/** An object that is named. Nothing happens before one of its calls. */
export class Target {
    readonly #apiVersion: string;
    readonly #kind: string;
    readonly #namespace: string;
    readonly #id: string;
    #timeout: number | undefined;
    #dryRun = false;
    #force = false;

    constructor(apiVersion: string, kind: string, namespace: string, id: string) {
        this.#apiVersion = given.text("an API version", apiVersion);
        this.#kind = given.text("a kind", kind);
        this.#namespace = given.text("a namespace", namespace);
        this.#id = given.text("an object's name", id);
    }

    /** Deadline of each call; without it half a minute, and for a wait the step's. */
    timeout(longest: Duration): this {
        this.#timeout = wholeMillis("a timeout", longest);
        return this;
    }

    /** Changes are only tried: the server checks them and keeps nothing. */
    dryRun(): this {
        this.#dryRun = true;
        return this;
    }

    /** `apply` takes over fields that others manage. */
    force(): this {
        this.#force = true;
        return this;
    }

    /** The object; `undefined` when it is not there. Values of a `Secret` are not in it. */
    read<T = unknown>(): T | undefined {
        const text = answer(() => this.#ready().read());
        return text === null ? undefined : this.#parsed<T>(text);
    }

    /** The value at a JSON pointer of the object, which must be there: `api.field<number>("/spec/replicas")`. */
    field<T = unknown>(pointer: string): T {
        const text = answer(() => this.#ready().read());
        if (text === null) {
            throw fail(`there is no ${this.#place()}`).withCode("kube.missing");
        }
        return json.path(this.#place(), text, pointer) as T;
    }

    /** How it stands now. */
    revision(): Revision {
        return new Revision(answer(() => this.#ready().revision()));
    }

    /** Applies an object on the server: the fields that this procedure manages and no others. It is made when it is not there. */
    apply(object: unknown): Change {
        const text = this.#written(object);
        return this.#change((target, before) => target.apply(before, text));
    }

    /** Merges JSON into it (RFC 7386: lists are replaced, `null` removes). */
    patch(patch: unknown): Change {
        const text = this.#written(patch);
        return this.#change((target, before) => target.patch(before, text));
    }

    /** Says how many replicas there are to be. That is no share of traffic. To 0 it is destructive, which the grant must say. */
    scale(replicas: number): Change {
        const wanted = given.whole("the number of replicas", replicas);
        if (!this.#dryRun) {
            // Else how many there are is somebody else's business.
            keep(key("scaled", this.#place()), "true");
        }
        return this.#change((target, before) => target.scale(before, wanted));
    }

    /** Puts another image into one container, in all of the pods. Best with its digest: `unpinned` of the change says when it has none. */
    setImage(container: string, image: string): Change {
        const [which, what] = [given.text("a container", container), given.text("an image", image)];
        return this.#change((target, before) => target.setImage(before, which, what));
    }

    /** Replaces all of its pods. */
    restart(): Change {
        return this.#change((target, before) => target.restart(before));
    }

    /** Deletes it; not there is well. Destructive, which the grant must say. */
    delete(): void {
        const target = this.#ready();
        const before = this.#before(target);
        answer(() => target.delete(before));
    }

    /** Puts the pod template of a revision back. Most undos want `putBack`. */
    rolloutUndo(recorded: Revision): Change {
        return new Change(answer(() => this.#ready().rolloutUndo(recorded.revision)));
    }

    /**
     * For an undo: puts back what the first change of this step has found. The pod template of a workload, and the number of replicas when this step has scaled
     * it; of other objects all fields; what was not there is deleted. Does nothing when this step has changed nothing.
     */
    putBack(): void {
        const [stood, scaled] = [key("kube", this.#place()), key("scaled", this.#place())];
        const text = kept(stood);
        if (text === undefined) {
            return;
        }
        const recorded = answer(() => host.Revision.parse(text));
        const target = this.#ready(true);
        const object = recorded.object();
        if (object === null) {
            answer(() => target.delete(target.revision()));
        } else if (hasTemplate(json.read("the recorded object", object))) {
            answer(() => target.rolloutUndo(recorded));
            const replicas = recorded.replicas();
            if (replicas !== null && kept(scaled) !== undefined) {
                answer(() => target.scale(target.revision(), replicas));
            }
        } else {
            answer(() => target.apply(target.revision(), object));
        }
        keep(stood, "null");
        keep(scaled, "null");
    }

    /** Waits until the rollout is complete. A failure tells the states of the pods, the events and the last log lines. */
    rolloutStatus(): Rollout {
        return this.#parsed<Rollout>(answer(() => this.#ready().rolloutStatus()));
    }

    /** Waits until a condition has a status: `("Available", "True")`. */
    waitForCondition<T = unknown>(condition: string, status: string): T {
        const [which, what] = [given.text("a condition", condition), given.text("a status", status)];
        return this.#parsed<T>(answer(() => this.#ready().waitForCondition(which, what)));
    }

    /** Waits until it has a value at a JSON pointer: a text, a number or a flag. */
    waitForJson<T = unknown>(pointer: string, value: string | number | bigint | boolean): T {
        const [where, what] = [given.text("a pointer", pointer), given.words("the value at a pointer", value)];
        return this.#parsed<T>(answer(() => this.#ready().waitForJson(where, what)));
    }

    /** Waits until it is gone. */
    waitForDeleted(): void {
        answer(() => this.#ready().waitForDeleted());
    }

    /** The last lines that it, or its pods, have logged; each begins with pod and container. `container` is empty for all, `since` nothing for ever. */
    logs(container: string, lines: number, since: Duration): string {
        const [which, most, seconds] = [given.text("a container", container), given.whole("the number of lines", lines), wholeSecs("a time", since)];
        return answer(() => this.#ready().logs(which, most, seconds));
    }

    /** What happened to it lately, the latest last. */
    events(): Event[] {
        return answer(() => this.#ready().events()).map((event) => this.#parsed<Event>(event));
    }

    /** In the host's words. */
    #ready(force = this.#force): Host {
        const target = new host.Target(this.#apiVersion, this.#kind, this.#namespace, this.#id);
        if (this.#timeout !== undefined) {
            target.timeout(this.#timeout);
        }
        if (this.#dryRun) {
            target.dryRun();
        }
        if (force) {
            target.force();
        }
        return target;
    }

    /** How it stands before a change; what the first change of the step finds is remembered, for the undo goes back to before all of them. */
    #before(target: Host): HostRevision {
        const before = answer(() => target.revision());
        const stood = key("kube", this.#place());
        if (!this.#dryRun && kept(stood) === undefined) {
            keep(stood, before.text());
        }
        return before;
    }

    #change(make: (target: Host, before: HostRevision) => Made): Change {
        const target = this.#ready();
        const before = this.#before(target);
        return new Change(answer(() => make(target, before)));
    }

    #written(object: unknown): string {
        return given.text("an object", json.write(this.#place(), object));
    }

    #parsed<T>(text: string): T {
        return json.read(this.#place(), text) as T;
    }

    /** `Deployment shop/api`, for messages. */
    #place(): string {
        return `${this.#kind} ${this.#namespace}${this.#namespace === "" ? "" : "/"}${this.#id}`;
    }
}

/** Whether it is a workload. */
function hasTemplate(object: unknown): boolean {
    return (object as { spec?: { template?: unknown } } | null)?.spec?.template !== undefined;
}
