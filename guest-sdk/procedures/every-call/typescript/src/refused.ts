// Says how something was refused.

import { LockstepError, log } from "lockstep-sdk";

export function refused(what: string, act: () => unknown): void {
    try {
        act();
        log.info(`${what}: not refused`);
    } catch (thrown) {
        if (!(thrown instanceof LockstepError)) {
            throw thrown;
        }
        log.info(`${what}: ${thrown.code}`);
    }
}
