// Leaves three marks, fails where it is told, and takes back what was left: last in, first out.
#include <lockstep.h>
#include <string.h>

// What is about to be made is remembered before it is made, so that the undo finds it whatever happens in between.
static ls_result leave(const ls_ctx *ctx) {
    const char *step = ls_ctx_step(ctx), *mark = ls_format("/marks/%s", step), *fail;
    LS_TRY(ls_ctx_remember(ctx, "mark", ls_json_text(mark)));
    LS_TRY(ls_files_write_text(mark, step));
    LS_TRY(ls_ctx_parameter(ctx, "fail", &fail));
    return strcmp(fail, step) ? ls_text(mark) : ls_fail("told to fail at %s", step);
}

static ls_result take_back(const ls_ctx *ctx) {
    const char *kept = ls_ctx_recall(ctx, "mark"), *mark;
    if (!kept) return ls_done();
    LS_TRY(ls_json_text_at("what was remembered", kept, "", &mark));
    ls_info("taking back %s", mark);
    return ls_files_remove(mark);
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "undo", "0.1.0", .title = "Leave three marks, fail where it is told, and take back what was left");
    ls_parameter(p, "fail", .title = "The step that fails", .fallback = "none", .choices = LS_LIST("none", "first", "second", "third"));
    ls_step(p, "first", "Leave the first mark", leave, .undo = take_back, .on_failure = LS_UNDO);
    ls_step(p, "second", "Leave the second mark", leave, .undo = take_back, .on_failure = LS_UNDO);
    ls_step(p, "third", "Leave the third mark", leave, .undo = take_back, .on_failure = LS_UNDO);
}
