#include "engine.h"

#include <ctype.h>
#include <string.h>

// Runs a command of the engine that must succeed.
static ls_result docker(const ls_ctx *ctx, ls_list args, const ls_exit **exit) {
    const char *program;
    LS_TRY(ls_ctx_parameter(ctx, "docker", &program));
    LS_TRY(ls_shell_run(ls_shell_command(program, args), exit));
    return ls_expect_exit_success(*exit);
}

ls_result compose(const ls_ctx *ctx, ls_list args, ls_command **command) {
    const char *program, *file;
    LS_TRY(ls_ctx_parameter(ctx, "docker-compose", &program));
    LS_TRY(ls_ctx_parameter(ctx, "compose-file", &file));
    *command = ls_shell_command(program, LS_LIST("-f", file));
    for (size_t at = 0; at < args.count; at++) ls_shell_arg(*command, args.items[at]);
    return ls_done();
}

ls_result succeeds(const ls_command *command) {
    const ls_exit *exit;
    LS_TRY(ls_shell_run(command, &exit));
    return ls_expect_exit_success(exit);
}

// A text up to where another begins.
static const char *before(const char *text, const char *end) { return end ? ls_format("%.*s", (int)(end - text), text) : text; }

// The name with a digest under which a registry knows an image: a tag may mean another one tomorrow. `repository` is NULL for any.
static ls_result digest_of(const ls_ctx *ctx, const char *image, const char *repository, const char **pinned) {
    const ls_exit *exit;
    LS_TRY(docker(ctx, LS_LIST("image", "inspect", "--format={{json .RepoDigests}}", image), &exit));
    const char *found, *name;
    LS_TRY(ls_json_at(exit->line, ls_exit_text(exit), "", &found));
    for (size_t at = 0; !ls_json_text_at(exit->line, found, ls_format("/%zu", at), &name).failure; at++) {
        if (repository && strcmp(before(name, strchr(name, '@')), repository)) continue;
        *pinned = name;
        return ls_done();
    }
    return ls_fail("%s has no digest of a registry: once it is gone from this machine nobody could bring it back", image);
}

// `registry:5000/shop:2.0.0` and `registry:5000/shop@sha256:…` without what follows the repository.
static const char *repository_of(const char *image) {
    const char *named = before(image, strchr(image, '@')), *tag = strrchr(named, ':');
    return tag && !strchr(tag, '/') ? before(named, tag) : named;
}

// What the project file asks for, of the slots that are not started.
static void unknown(ls_command *command) {
    ls_shell_env(command, "BLUE_IMAGE", "unknown");
    ls_shell_env(command, "GREEN_IMAGE", "unknown");
}

ls_result image_of(const ls_ctx *ctx, const char *slot, const char **image) {
    ls_command *list;
    const ls_exit *listed, *inspected;
    LS_TRY(compose(ctx, LS_LIST("ps", "-q", slot), &list));
    unknown(list);
    LS_TRY(ls_shell_run(list, &listed));
    LS_TRY(ls_expect_exit_success(listed));
    const char *container = ls_trim(ls_exit_text(listed));
    LS_ENSURE(*container, "the slot %s has no container", slot);
    LS_TRY(docker(ctx, LS_LIST("inspect", "--format={{.Image}}", container), &inspected));
    return digest_of(ctx, ls_trim(ls_exit_text(inspected)), NULL, image);
}

ls_result pull(const ls_ctx *ctx, const char *image, const char **pinned) {
    const ls_exit *exit;
    LS_TRY(docker(ctx, LS_LIST("pull", "--quiet", image), &exit));
    return digest_of(ctx, image, repository_of(image), pinned);
}

ls_result expect_there(const ls_ctx *ctx, const char *pinned) {
    const ls_exit *exit;
    return docker(ctx, LS_LIST("image", "inspect", "--format={{.Id}}", pinned), &exit);
}

// `blue` is `BLUE_IMAGE`.
static const char *variable(const char *slot) {
    char *name = ls_alloc(strlen(slot) + 1);
    for (size_t at = 0; slot[at]; at++) name[at] = (char)toupper((unsigned char)slot[at]);
    return ls_format("%s_IMAGE", name);
}

ls_result up(const ls_ctx *ctx, const char *slot, const char *image, const char *other, const char *others_image) {
    ls_command *command;
    LS_TRY(compose(ctx, LS_LIST("up", "-d", "--no-deps", "--no-build", slot), &command));
    ls_shell_env(command, variable(slot), image);
    ls_shell_env(command, variable(other), others_image);
    return succeeds(command);
}

ls_result halt(const ls_ctx *ctx, const char *slot) {
    ls_command *command;
    LS_TRY(compose(ctx, LS_LIST("stop", slot), &command));
    unknown(command);
    return succeeds(command);
}
