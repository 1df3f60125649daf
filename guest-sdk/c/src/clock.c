// Time, as a journaled value: a replay sees the instants of the first time. And looking again and again, by that time.
#include "abi.h"
#include "spoken.h"

#include <stdlib.h>

// The longest wait that one call of the contract's `pause` takes.
#define LONGEST_PAUSE ls_secs(10)

const char *ls_clock_now(void) {
    abi_text now;
    contract_clock_now(&now);
    return now.data;
}

// By microseconds, since a wait for what is left of a span is cut to whole milliseconds by the contract only.
static ls_result pause_for(int64_t microseconds) {
    const int64_t longest = (int64_t)LONGEST_PAUSE * 1000;
    while (microseconds > 0) {
        int64_t next = microseconds < longest ? microseconds : longest;
        abi_result paused;
        contract_clock_pause(abi_millis((ls_duration)next / 1000), &paused);
        LS_TRY(abi_given(&paused));
        microseconds -= next;
    }
    return ls_done();
}

ls_result ls_clock_pause(ls_duration duration) { return pause_for((int64_t)duration * 1000); }

ls_result ls_clock_sleep(ls_duration duration) {
    abi_result slept;
    contract_clock_sleep(abi_secs(duration), &slept);
    return abi_given(&slept);
}

ls_result ls_clock_sleep_until(const char *instant) {
    abi_result slept;
    contract_clock_sleep_until(ABI_TEXT(instant), &slept);
    return abi_given(&slept);
}

const char *spoken_time(ls_duration ms) {
    if (ms < 1000) return ls_format("%llu ms", ms);
    if (ms % 60000 == 0) return ls_format("%llu min", ms / 60000);
    if (ms % 1000 == 0) return ls_format("%llu s", ms / 1000);
    return ls_format("%llu.%llu s", ms / 1000, ms % 1000 / 100);
}

// Microseconds since 1970 of the host's own instants, which are RFC 3339 in UTC with microseconds.
static int64_t microseconds(const char *instant) {
    int64_t part[6];
    const char *at = instant;
    for (int index = 0; index < 6; index++) {
        char *end;
        part[index] = strtoll(at, &end, 10);
        at = end + (*end != 0 && *end != '.');
    }
    int64_t fraction = 0;
    const char *point = strchr(instant, '.');
    for (int digit = 0; digit < 6; digit++) {
        bool there = point && point[1] >= '0' && point[1] <= '9';
        fraction = 10 * fraction + (there ? *++point - '0' : 0);
    }
    // Days since 1970 of a date whose year begins in March.
    int64_t year = part[0] - (part[1] < 3), era = year / 400, of_era = year - era * 400;
    int64_t month = (part[1] + 9) % 12, of_year = (153 * month + 2) / 5 + part[2] - 1;
    int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    return (((days * 24 + part[3]) * 60 + part[4]) * 60 + part[5]) * 1000000 + fraction;
}

// What is left of a span that began at an instant, in microseconds.
static int64_t left_of(ls_duration span, int64_t start) {
    int64_t left = (int64_t)span * 1000 - (microseconds(ls_clock_now()) - start);
    return left > 0 ? left : 0;
}

static int64_t shorter(int64_t left, ls_duration every) { return left < (int64_t)every * 1000 ? left : (int64_t)every * 1000; }

ls_result ls_within(ls_duration deadline, ls_duration every, ls_check *check, void *about) {
    int64_t start = microseconds(ls_clock_now());
    for (unsigned looks = 1;; looks++) {
        ls_result last = check(about);
        if (!last.failure || !last.failure->retryable) return last;
        int64_t left = left_of(deadline, start);
        const char *kind = last.failure->kind == LS_TIMED_OUT ? "timed out: " : "", *said = last.failure->message;
        if (!left) return ls_assertion("not within %s (%u tries), last: %s%s", spoken_time(deadline), looks, kind, said);
        LS_TRY(ls_context(pause_for(shorter(left, every)), "waiting up to %s, last: %s%s", spoken_time(deadline), kind, said));
    }
}

ls_result ls_during(ls_duration span, ls_duration every, ls_check *check, void *about) {
    int64_t start = microseconds(ls_clock_now());
    for (;;) {
        int64_t left = left_of(span, start);
        ls_duration passed = (ls_duration)((int64_t)span * 1000 - left) / 1000;
        LS_TRY(ls_context(check(about), "after %s of %s", spoken_time(passed), spoken_time(span)));
        if (!left) return ls_done();
        LS_TRY(pause_for(shorter(left, every)));
    }
}
