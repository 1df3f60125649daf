// Programs of the host that the grant allows: one program and its arguments, never a line for a shell to take apart.

import host from "lockstep:contract/shell@0.1.0";

import { Asked } from "./asked.js";
import { Exit } from "./exit.js";
import { answer } from "./failure.js";
import * as given from "./given.js";
import type { Artifact } from "./sealed.js";
import { type Duration, wholeMillis } from "./units.js";
import { encode } from "./utf8.js";

export { Exit };

type Host = InstanceType<typeof host.Command>;

/** Begins a command. `program` is an absolute path. */
export function command(program: string): Command {
    return new Command(program);
}

/** A command being built. Nothing happens before `run`. */
export class Command {
    readonly #program: string;
    readonly #args: string[] = [];
    readonly #says: ((command: Host) => void)[] = [];
    #successCodes: number[] = [];
    #probe: Asked | undefined;

    constructor(program: string) {
        this.#program = given.text("a program", program);
    }

    /** Adds an argument. */
    arg(arg: unknown): this {
        this.#args.push(given.words("an argument", arg));
        return this;
    }

    /** Adds arguments. */
    args(args: Iterable<unknown>): this {
        this.#args.push(...given.texts("the arguments", args));
        return this;
    }

    /** Sets a variable the grant allows. The value may hold a secret; arguments may not, other users can read them. */
    env(name: string, value: unknown): this {
        const [key, content] = [given.text("a variable's name", name), given.words(`the variable \`${name}\``, value)];
        return this.#saying((command) => command.env(key, content));
    }

    /**
     * Sets a variable the grant allows to the path of a file with this content, which only the program can open, while it runs: for programs that take a password
     * from a file. The content may hold a secret.
     */
    envFile(name: string, content: unknown): this {
        const [key, text] = [given.text("a variable's name", name), given.words(`the file of the variable \`${name}\``, content)];
        return this.#saying((command) => command.envFile(key, text));
    }

    /** The working directory, absolute, one the grant allows. */
    directory(path: string): this {
        const checked = given.text("a directory", path);
        return this.#saying((command) => command.directory(checked));
    }

    /** What it reads on standard input: text or bytes. May hold a secret. */
    stdin(input: string | Uint8Array): this {
        const bytes = typeof input === "string" ? encode(given.text("standard input", input)) : given.bytes("standard input", input);
        return this.#saying((command) => command.stdin(bytes));
    }

    /** What it reads on standard input: an artifact of any size, as it is. In the place of `stdin`. */
    stdinArtifact(input: Artifact): this {
        return this.#saying((command) => command.stdinArtifact(input.sealed));
    }

    /** Makes its standard output an artifact of any size, once it has succeeded: `stdoutArtifact` of the exit has it. */
    stdoutArtifact(id: string): this {
        const checked = given.text("an artifact's id", id);
        return this.#saying((command) => command.stdoutArtifact(checked));
    }

    /** Deadline, after which it and all it started are killed. Without it the step's. */
    timeout(longest: Duration): this {
        const milliseconds = wholeMillis("a timeout", longest);
        return this.#saying((command) => command.timeout(milliseconds));
    }

    /** Says that repeating this command does no harm, so that a crash does not leave it in doubt. */
    idempotent(): this {
        return this.#saying((command) => command.idempotent());
    }

    /**
     * The exit codes that mean success, in the place of what the grant says of the program, or of 0: `successCodes([0, 1])` of a search that may find nothing.
     */
    successCodes(codes: Iterable<number>): this {
        this.#successCodes = [...codes].map((code) => given.signed("an exit code", code));
        return this;
    }

    /** How the host finds out whether it happened when its outcome was lost. Of use for what must not be done twice only. */
    probe(probe: Asked): this {
        this.#probe = probe;
        return this;
    }

    /** This command as a probe of another call. The grant must call it a read. */
    asProbe(): Asked {
        return new Asked(() => this.#ready().asProbe());
    }

    /** Runs it to its end. One that did not succeed has ended as well: say what you expect. */
    run(): Exit {
        const command = this.#ready();
        if (this.#probe !== undefined) {
            command.probe(this.#probe.ready());
        }
        return new Exit(this.#line(), this.#successCodes.length > 0, answer(() => command.run()));
    }

    #saying(says: (command: Host) => void): this {
        this.#says.push(says);
        return this;
    }

    /** In the host's words, but for the probe: what is asked as a probe has none. */
    #ready(): Host {
        const command = new host.Command(this.#program, this.#args);
        this.#says.forEach((says) => says(command));
        this.#successCodes.forEach((code) => command.successCode(code));
        return command;
    }

    /** The command as a person would type it, for messages only. */
    #line(): string {
        return [this.#program, ...this.#args].map((word) => (word === "" || /[ "'\\\n\t]/.test(word) ? JSON.stringify(word) : word)).join(" ");
    }
}
