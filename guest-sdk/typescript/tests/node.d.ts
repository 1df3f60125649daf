// What the tests use of Node, so that the SDK needs no types of it.

declare module "node:test" {
    export default function test(name: string, act: () => void): void;
}

declare module "node:assert/strict" {
    const assert: {
        equal(found: unknown, wanted: unknown): void;
        deepEqual(found: unknown, wanted: unknown): void;
        throws(act: () => unknown, wanted: RegExp | Record<string, unknown>): void;
    };
    export default assert;
}
