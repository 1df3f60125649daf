// Whether there is a run. The build loads the procedure's modules and keeps what is in memory then; there is no host to ask until the first export is called.

let running = false;

/** From here on there is. */
export function begin(): void {
    running = true;
}

/** Fails while the modules are loaded. */
export function asked(what: string): void {
    if (!running) {
        throw new Error(`a module asks for ${what} while it is loaded: that is at build time, when there is no run to answer`);
    }
}
