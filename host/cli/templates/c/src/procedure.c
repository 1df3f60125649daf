// What `{{name}}` does, step by step. Each step is a function beside its undo.
#include <lockstep.h>
#include <string.h>

// Where the greeting goes. The grant file `env.toml` says which folder of this machine that is.
static const char *const GREETING = "/out/greeting.txt";

static ls_result look(const ls_ctx *ctx) {
    (void)ctx;
    bool there;
    LS_TRY(ls_files_exists(GREETING, &there));
    if (there) {
        const char *found;
        LS_TRY(ls_files_read_text(GREETING, &found));
        LS_ENSURE(!strncmp(found, "hello", 5), "%s holds something else: %s", GREETING, found);
    }
    return ls_done();
}

static ls_result greet(const ls_ctx *ctx) {
    const char *who;
    LS_TRY(ls_ctx_parameter(ctx, "who", &who));
    const char *greeting = ls_format("hello, %s", who);
    LS_TRY(ls_files_write_text(GREETING, greeting));
    ls_info("wrote %s", GREETING);
    return ls_text(greeting);
}

static ls_result ungreet(const ls_ctx *ctx) {
    (void)ctx;
    return ls_files_remove(GREETING);
}

static ls_result verify(const ls_ctx *ctx) {
    const char *expected, *found;
    LS_TRY(ls_ctx_output_text(ctx, "greet", "", &expected));
    LS_TRY(ls_files_read_text(GREETING, &found));
    LS_ENSURE(!strcmp(found, expected), "expected `%s`, found `%s`", expected, found);
    return ls_done();
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "{{name}}", "0.1.0", .title = "Leave a greeting and see that it is there");
    ls_parameter(p, "who", .title = "Whom to greet", .fallback = "world");

    ls_phase(p, "Pre-flight");
    ls_step(p, "look", "No greeting lies there yet, or one of ours", look);
    ls_phase(p, "Greet");
    ls_step(p, "greet", "Write the greeting", greet, .undo = ungreet);
    ls_step(p, "verify", "The greeting can be read", verify, .retry = {3, ls_secs(1)});
}
