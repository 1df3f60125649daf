// Makes every call of the contract with values that are easy to get wrong, and meets what each refuses.
#include "steps.h"

#include <string.h>

// Nothing, more than ASCII, what JSON has to escape and what it has not, and what looks like a number.
static const char *const ODD[] = {"", "ü € 𝄞", "a \"quoted\" \\ and\ttabbed\nline", "\x01\f\x7f\u2028", "-9223372036854775808"};
#define ODD_COUNT (sizeof ODD / sizeof *ODD)

const char *xs(size_t count) {
    char *text = ls_alloc(count + 1);
    memset(text, 'x', count);
    return text;
}

static ls_result told(const ls_ctx *ctx) {
    const char *all = "", *kept, *odd;
    for (size_t at = 0; at < ODD_COUNT; at++) {
        ls_info("%s", ODD[at]);
        LS_TRY(ls_ctx_remember(ctx, "odd", ls_json_text(ODD[at])));
        LS_TRY(ls_json_text_at("what was remembered", ls_ctx_recall(ctx, "odd"), "", &kept));
        LS_ENSURE(!strcmp(kept, ODD[at]), "%s was not kept as it is", ODD[at]);
        all = ls_format("%s%s%s", all, at ? "," : "", ls_json_text(ODD[at]));
    }
    // A text ends with NUL in C, and in JSON it does not: there it can be compared, and is no text to read.
    LS_TRY(ls_ctx_remember(ctx, "nul", "\"a\\u0000b\""));
    LS_TRY(ls_json_expect("what was remembered", ls_ctx_recall(ctx, "nul"), "", "\"a\\u0000b\""));
    LS_ENSURE(ls_json_text_at("", ls_ctx_recall(ctx, "nul"), "", &kept).failure, "a text was cut at NUL");
    ls_debug("%s %u %s", ls_ctx_step(ctx), ls_ctx_attempt(ctx), ls_ctx_environment(ctx));
    ls_warn("%s %s", ls_ctx_run_id(ctx), ls_ctx_idempotency_key(ctx));
    LS_TRY(ls_ctx_parameter(ctx, "odd", &odd));
    ls_error("%s", odd);
    ls_progress(1, 2, "half");
    const char *before = ls_clock_now();
    LS_TRY(ls_clock_pause(ls_millis(5)));
    LS_TRY(ls_clock_sleep(ls_secs(2)));
    LS_TRY(ls_clock_sleep_until("2026-01-05T09:00:00Z"));
    LS_ENSURE(strcmp(ls_clock_now(), before) > 0, "time stands still");
    const char *uuid = ls_random_uuid();
    ls_info("%s %zu", uuid, ls_random_bytes(5000).size);
    const char *key = xs(65);
    refused("a key that is too long", ls_ctx_remember(ctx, key, "1"));
    refused("a sleep that is too long", ls_clock_sleep(ls_minutes(600000)));
    refused("a parameter that is not declared", ls_ctx_parameter(ctx, "none", &odd));
    refused("an output that is not there", ls_ctx_output(ctx, "ran", &odd));
    return ls_json(ls_format("[%s]", all));
}

static ls_result numbers(const ls_ctx *ctx) {
    int64_t least, most;
    LS_TRY(ls_ctx_parameter_number(ctx, "least", &least));
    LS_TRY(ls_ctx_parameter_number(ctx, "most", &most));
    return ls_json(ls_format("[%lld,%lld]", (long long)least, (long long)most));
}

static ls_result alone(const ls_ctx *ctx) {
    (void)ctx;
    return ls_done();
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "every-call", "0.1.0", .title = "Make every call");
    ls_parameter(p, "odd", .title = "An odd value", .fallback = "ü \"and\" more", .choices = LS_LIST("ü \"and\" more", "plain"));
    ls_parameter(p, "least", .title = "The least number of 64 bits", .fallback = "-9223372036854775808");
    ls_parameter(p, "most", .title = "The largest number of 64 bits", .fallback = "9223372036854775807");
    ls_phase(p, "Here");
    ls_step(p, "told", "What the run knows", told, .about = "Everything that the host alone answers", .expected = ls_secs(5), .timeout = ls_minutes(1),
            .on_failure = LS_PAUSE);
    ls_step(p, "numbers", "Whole numbers to the last digit", numbers);
    ls_step(p, "kept", "Files and artifacts", keep, .undo = forget_files, .retry = {2, ls_millis(10), ls_secs(1)}, .retry_on = LS_LIST("files.io"),
            .on_failure = LS_UNDO);
    ls_phase(p, "There");
    ls_step(p, "asked", "Requests", ask, .undo = forget_things, .needs = LS_LIST("told", "numbers", "kept"), .on_failure = LS_UNDO);
    ls_step(p, "stored", "Stores and databases", store);
    ls_step(p, "moved", "Backups and migrations", forward, .undo = back);
    ls_step(p, "cluster", "Objects of a cluster", cluster, .undo = put_back);
    ls_step(p, "ran", "Programs", run, .irreversible = true);
    ls_step(p, "alone", "Needs nothing", alone, .needs = LS_NONE, .on_failure = LS_CONTINUE);
}
