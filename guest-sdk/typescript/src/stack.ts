// Where something was thrown, in the files of the project: the engine knows lines of the one file that the build made of them.

/** Of each line of that file that is the project's own: the file and the line that it came from. Written behind it by the build. */
type Lines = Record<number, [file: string, line: number]>;

const FRAME = /^\s*at (?:(.*) \()?[^()]*?:(\d+)(?::\d+)?\)?$/;

/** The frames of a stack that are the project's own, one a line. */
export function own(stack: string): string {
    const lines = (globalThis as { lockstepLines?: Lines }).lockstepLines ?? {};
    const frames = stack.split("\n").map((frame) => {
        const [, name, line] = FRAME.exec(frame) ?? [];
        const place = lines[Number(line)];
        return place && `    at ${name ?? "the top"} (${place[0]}:${place[1]})`;
    });
    return frames.filter((frame) => frame !== undefined).join("\n");
}
