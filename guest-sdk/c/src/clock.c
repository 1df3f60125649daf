// Time, as a journaled value: a replay sees the instants of the first time. And looking again and again, by that time.
#include "abi.h"
#include "spoken.h"

#include <ctype.h>

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

static int64_t floored(int64_t number, int64_t by) { return (number < 0 ? number - by + 1 : number) / by; }

// Days since 1970 of a date, counted in years that begin in March.
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    year -= month < 3;
    int64_t era = floored(year, 400), of_era = year - era * 400, of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

typedef struct {
    int64_t year, month, day;
} date;

static date date_of(int64_t days) {
    days += 719468;
    int64_t era = floored(days, 146097), of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t part = (5 * of_year + 2) / 153, month = part < 10 ? part + 3 : part - 9;
    return (date){year + era * 400 + (month < 3), month, of_year - (153 * part + 2) / 5 + 1};
}

// Whether a text begins as a shape says, where 0 is any digit.
static bool shaped(const char *text, const char *shape) {
    for (; *shape; shape++, text++) {
        if (*shape == '0' ? !isdigit((unsigned char)*text) : toupper((unsigned char)*text) != *shape) return false;
    }
    return true;
}

static int64_t digits(const char *text, int count) {
    int64_t number = 0;
    while (count--) number = 10 * number + *text++ - '0';
    return number;
}

// Microseconds since 1970 of an instant in RFC 3339; false when it is none.
static bool is_instant(const char *text, int64_t *microseconds) {
    if (!shaped(text, "0000-00-00T00:00:00")) return false;
    date on = {digits(text, 4), digits(text + 5, 2), digits(text + 8, 2)};
    int64_t hour = digits(text + 11, 2), minute = digits(text + 14, 2), second = digits(text + 17, 2), fraction = 0, offset = 0;
    int64_t days = days_of(on.year, on.month, on.day);
    date back = date_of(days);
    // The 30th of February is another day than it says.
    if (back.year != on.year || back.month != on.month || back.day != on.day || hour > 23 || minute > 59 || second > 60) return false;
    const char *rest = text + 19;
    if (*rest == '.') {
        int count = 0;
        for (rest++; isdigit((unsigned char)*rest); rest++, count++) if (count < 6) fraction = 10 * fraction + *rest - '0';
        if (!count) return false;
        for (; count < 6; count++) fraction *= 10;
    }
    if (shaped(rest, "+00:00") || shaped(rest, "-00:00")) {
        offset = (*rest == '-' ? -1 : 1) * (digits(rest + 1, 2) * 60 + digits(rest + 4, 2));
        rest += 6;
    } else if (toupper((unsigned char)*rest++) != 'Z') {
        return false;
    }
    *microseconds = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000000 + fraction;
    return !*rest;
}

static ls_result instant(const char *text, int64_t *microseconds) {
    return is_instant(text, microseconds) ? ls_done() : ls_fail("%s is no instant: it must look like 2026-03-01T12:00:00Z", ls_json_text(text));
}

ls_result ls_clock_plus(const char *from, ls_duration duration, const char **later) {
    int64_t at;
    LS_TRY(instant(from, &at));
    // What does not fit is later than anything that is waited for.
    at += (int64_t)(duration < INT64_MAX / 2000 ? duration : INT64_MAX / 2000) * 1000;
    int64_t seconds = floored(at, 1000000), days = floored(seconds, 86400);
    date on = date_of(days);
    int of_day = (int)(seconds - days * 86400), micros = (int)(at - seconds * 1000000);
    const char *day = ls_format("%04d-%02d-%02d", (int)on.year, (int)on.month, (int)on.day);
    *later = ls_format("%sT%02d:%02d:%02d.%06dZ", day, of_day / 3600, of_day / 60 % 60, of_day % 60, micros);
    return ls_done();
}

ls_result ls_clock_since(const char *later, const char *earlier, ls_duration *passed) {
    int64_t to, from;
    LS_TRY(instant(later, &to));
    LS_TRY(instant(earlier, &from));
    *passed = to > from ? (ls_duration)(to - from) / 1000 : 0;
    return ls_done();
}

// Of the host's own instants, which are instants.
static int64_t microseconds(const char *instant) {
    int64_t at = 0;
    is_instant(instant, &at);
    return at;
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
