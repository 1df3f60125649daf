// Looking again and again: until something holds, or that it goes on holding.

import * as clock from "./clock.js";
import { assertion, context, LockstepError } from "./failure.js";
import { Duration, lasting, secs, spokenTime } from "./units.js";

/** Waits until a check holds, for at most that long: `within(secs(30)).every(millis(200)).until(() => …)`. */
export function within(deadline: Duration): Within {
    return new Within(deadline);
}

/** Watches for that long that a check goes on holding, a soak: `during(minutes(5)).every(secs(10)).always(() => …)`. */
export function during(span: Duration): During {
    return new During(span);
}

/** A wait being described: see `within`. */
export class Within {
    readonly #deadline: number;
    #every = secs(1);

    constructor(deadline: Duration) {
        this.#deadline = lasting("a deadline", deadline);
    }

    /** How long to wait between two looks. Without it a second. */
    every(wait: Duration): this {
        this.#every = new Duration(lasting("a wait", wait));
        return this;
    }

    /** Looks until the check throws nothing, and gives what it returned. A failure that is not retryable ends the wait at once: what is denied stays denied. */
    until<T>(check: () => T): T {
        const start = clock.now();
        for (let looks = 1; ; looks++) {
            const last = tried(check);
            if ("value" in last) {
                return last.value;
            }
            const left = Math.max(this.#deadline - clock.now().since(start).milliseconds, 0);
            if (left === 0) {
                throw assertion(`not within ${spokenTime(this.#deadline)} (${looks} tries), last: ${last.failure.toString()}`);
            }
            const wait = new Duration(Math.min(left, this.#every.milliseconds));
            context(`waiting up to ${spokenTime(this.#deadline)}, last: ${last.failure.toString()}`, () => clock.pause(wait));
        }
    }
}

/** A watch being described: see `during`. */
export class During {
    readonly #span: number;
    #every = secs(1);

    constructor(span: Duration) {
        this.#span = lasting("a span", span);
    }

    /** How long to wait between two looks. Without it a second. */
    every(wait: Duration): this {
        this.#every = new Duration(lasting("a wait", wait));
        return this;
    }

    /** Looks until the span is over, once at its end as well. The first failure is the watch's. */
    always(check: () => void): void {
        const start = clock.now();
        for (;;) {
            const passed = Math.min(clock.now().since(start).milliseconds, this.#span);
            try {
                check();
            } catch (thrown) {
                throw thrown instanceof LockstepError ? thrown.context(`after ${spokenTime(passed)} of ${spokenTime(this.#span)}`) : thrown;
            }
            const left = this.#span - passed;
            if (left === 0) {
                return;
            }
            clock.pause(new Duration(Math.min(left, this.#every.milliseconds)));
        }
    }
}

/** What a check gave, or why another look is worth it. */
function tried<T>(check: () => T): { value: T } | { failure: LockstepError } {
    try {
        return { value: check() };
    } catch (thrown) {
        if (thrown instanceof LockstepError && thrown.isRetryable) {
            return { failure: thrown };
        }
        throw thrown;
    }
}
