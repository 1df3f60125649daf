// The ordinary names that `globals` gives: what a procedure has of a browser's or Node's world, and no more.

declare const console: Record<"debug" | "log" | "info" | "warn" | "error", (...said: unknown[]) => void>;

declare const performance: { now(): number };

declare const crypto: { randomUUID(): string; getRandomValues<T extends ArrayBufferView>(array: T): T };

declare function atob(encoded: string): string;

declare function btoa(binary: string): string;

declare class TextEncoder {
    readonly encoding: string;
    encode(text?: string): Uint8Array;
}

declare class TextDecoder {
    readonly encoding: string;
    readonly fatal: boolean;
    constructor(label?: string, options?: { fatal?: boolean });
    decode(bytes?: ArrayBuffer | ArrayBufferView): string;
}
