// A kept artifact, as `artifact` and `files` give it. It asks no interface by itself, so that `files` alone does not import the other.

import type { Sealed } from "lockstep:contract/artifact@0.1.0";

import { count, expectDigest } from "./digest.js";
import { answer, fail } from "./failure.js";
import * as given from "./given.js";
import * as utf8 from "./utf8.js";

/** How much one read asks for: the contract's most. */
const AT_ONCE = 1 << 20;

/** A kept artifact. */
export class Artifact {
    /** The host's handle. */
    readonly sealed: Sealed;

    constructor(sealed: Sealed) {
        this.sealed = sealed;
    }

    /** The id it was given. */
    id(): string {
        return this.sealed.id();
    }

    /** `sha256:` and 64 hexadecimal digits. */
    digest(): string {
        return this.sealed.digest();
    }

    /** Size in bytes. */
    size(): number {
        return count("an artifact's size", this.sealed.size());
    }

    /** All of its bytes. */
    bytes(): Uint8Array {
        const bytes = new Uint8Array(this.size());
        for (let offset = 0; offset < bytes.length; ) {
            const part = answer(() => this.sealed.read(offset, AT_ONCE));
            if (part.length === 0) {
                throw fail(`artifact \`${this.id()}\` ends after ${offset} of ${bytes.length} bytes`);
            }
            bytes.set(part, offset);
            offset += part.length;
        }
        return bytes;
    }

    /** At most `count` bytes (at most 1 MiB) from `offset`, of an artifact of any size. Fewer at the end, none after it. */
    readAt(offset: number | bigint, count: number): Uint8Array {
        const [from, most] = [given.digits("an offset", offset), given.whole("the number of bytes", count)];
        return answer(() => this.sealed.readAt(from, most));
    }

    /** All of it as text. */
    text(): string {
        return utf8.decode(this.bytes(), (position) => {
            throw fail(`reading artifact \`${this.id()}\` as text: invalid UTF-8 at byte ${position}`);
        });
    }

    /** Fails unless it has that digest: `sha256:` and 64 hexadecimal digits, or the digits alone. */
    expectDigest(pinned: string): this {
        expectDigest(`artifact \`${this.id()}\``, this.digest(), pinned);
        return this;
    }
}
