// Probes: how the host finds out whether a call happened when a crash, a deadline or a broken connection has lost its outcome.
//
// `Probe.http(…)`, `Probe.command(…)`, `Probe.file(…)`: functions of a module, so that each brings its own import and no other.

import type { Asked } from "./asked.js";
import { digestProbe } from "./files.js";
import { get } from "./http.js";
import { command as shellCommand } from "./shell.js";

/**
 * A `GET`: a status of 200 to 299 says that it happened, unless more is said. For headers, a token or another method see `asProbe` of a request.
 */
export function http(url: string): Asked {
    return get(url).asProbe();
}

/** A command that the grant calls a read: exit code 0 says that it happened, unless more is said. For variables or a directory see `asProbe` of a command. */
export function command(program: string, args: Iterable<unknown> = []): Asked {
    return shellCommand(program).args(args).asProbe();
}

/**
 * A file: it happened when it has the digest (`sha256:…`), it did not when nothing is there. Any other digest says nothing, unless `otherwiseDidNot`.
 */
export function file(path: string, digest: string): Asked {
    return digestProbe(path, digest);
}
