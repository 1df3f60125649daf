// What this procedure uses of the contract, as QuickJS gives it: names in camel case, a failure thrown with itself as `payload`.

declare module "lockstep:contract/plan@0.1.0" {
    export class Description {
        constructor(id: string, version: string);
        title(text: string): void;
    }
    export class Parameter {
        constructor(id: string);
        fallback(value: string): void;
    }
    export class Step {
        constructor(id: string, title: string);
    }
}

declare module "lockstep:contract/run@0.1.0" {
    export function parameter(id: string): string | undefined;
}

declare module "lockstep:contract/log@0.1.0" {
    export function info(message: string, fields: { key: string; value: string }[]): void;
}

declare module "lockstep:contract/clock@0.1.0" {
    export function now(): string;
}

declare module "lockstep:contract/random@0.1.0" {
    export function bytes(count: number): Uint8Array;
}
