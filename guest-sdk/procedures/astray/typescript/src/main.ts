// Goes wrong in the ways that code goes wrong by itself, to show what becomes of each.

import { artifact, fail, millis, type Procedure } from "lockstep-sdk";

export default function astray(p: Procedure): void {
    p.describe("astray", "0.1.0").title("Go wrong in every way that needs no help");
    p.step("throws", "Panics, and is tried again", throws).retry(2, millis(10)).retryOn(["step.exception"]).onFailureContinue();
    p.step("recurses", "Calls itself without end", () => deeper(0)).needs([]).onFailureContinue();
    p.step("hoards", "Takes all the memory there is", hoards).needs([]).onFailureContinue();
    p.step("answers", "Gives what is no JSON", () => throws).needs([]).onFailureContinue();
    p.step("leaves", "Leaves something that cannot be taken back", leaves).needs([]).undo(throws);
    p.step("ends", "Gives up", ends).onFailureUndo();
}

function throws(): void {
    throw new TypeError("the cup is empty");
}

function deeper(level: number): number {
    return deeper(level + 1) + 1;
}

function hoards(): void {
    for (const hoard: Uint8Array[] = []; ; ) {
        hoard.push(new Uint8Array(1 << 20).fill(1));
    }
}

function leaves(): void {
    artifact.fromText("left", "something");
}

function ends(): void {
    throw fail("nothing went well");
}
