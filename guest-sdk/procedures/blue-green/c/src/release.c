// The release: pinned by digest, tagged, put into the idle slot and started there.
#include "steps.h"

#include <ctype.h>
#include <string.h>

#define MANIFEST "manifest.json"

// The names of the release's files, sorted, and the manifest that says their digests.
static ls_result manifest(const char **json, ls_list *files) {
    ls_artifact kept;
    LS_TRY(ls_artifact_by_id(MANIFEST, &kept));
    LS_TRY(ls_artifact_text(&kept, json));
    return ls_json_keys(MANIFEST, *json, "/files", files);
}

// Artifact ids are lower case.
static const char *id_of(const char *name) {
    char *id = ls_alloc(strlen(name) + 1);
    for (size_t at = 0; name[at]; at++) id[at] = (char)tolower((unsigned char)name[at]);
    return id;
}

// Every byte of the release becomes an artifact of this run: what is installed later is what was checked here.
ls_result pin(const ls_ctx *ctx) {
    const char *version, *approved, *json;
    LS_TRY(ls_ctx_parameter(ctx, "version", &version));
    ls_artifact kept;
    LS_TRY(ls_files_keep(ls_format("/releases/%s/" MANIFEST, version), MANIFEST, &kept));
    LS_TRY(ls_ctx_parameter(ctx, "release-digest", &approved));
    LS_TRY(ls_artifact_expect_digest(&kept, approved));
    ls_list files;
    LS_TRY(manifest(&json, &files));
    for (size_t at = 0; at < files.count; at++) {
        const char *name = files.items[at], *digest;
        LS_TRY(ls_json_text_at(MANIFEST, json, ls_format("/files/%s", name), &digest));
        LS_TRY(ls_files_keep(ls_format("/releases/%s/%s", version, name), id_of(name), &kept));
        LS_TRY(ls_artifact_expect_digest(&kept, digest));
    }
    return ls_done();
}

static ls_result tag_of(const ls_ctx *ctx, const char **tag) {
    const char *version;
    LS_TRY(ls_ctx_parameter(ctx, "version", &version));
    *tag = ls_format("v%s", version);
    return ls_done();
}

// Not forced, so that a tag that somebody else has made meanwhile is never moved. Made twice it would fail: after a crash git is asked whether it is there.
ls_result tag(const ls_ctx *ctx) {
    const char *tag, *commit;
    LS_TRY(tag_of(ctx, &tag));
    LS_TRY(ls_ctx_output_text(ctx, "clean", "", &commit));
    ls_command *asking, *tagging;
    LS_TRY(git(ctx, LS_LIST("rev-parse", "--verify", "--quiet", ls_format("refs/tags/%s", tag)), &asking));
    ls_probe *there = ls_shell_as_probe(asking);
    ls_probe_happened(there, 0);
    ls_probe_text(there, commit);
    ls_probe_did_not(there, 1);
    LS_TRY(git(ctx, LS_LIST("tag", tag, commit), &tagging));
    ls_shell_probe(tagging, there);
    const ls_exit *tagged;
    LS_TRY(ls_shell_run(tagging, &tagged));
    return ls_expect_exit_success(tagged);
}

ls_result untag(const ls_ctx *ctx) {
    const char *tag;
    LS_TRY(tag_of(ctx, &tag));
    ls_command *command;
    const ls_exit *exit;
    LS_TRY(git(ctx, LS_LIST("tag", "--list", tag), &command));
    LS_TRY(ls_shell_run(command, &exit));
    if (!*ls_exit_text(exit)) return ls_done();
    LS_TRY(git(ctx, LS_LIST("tag", "--delete", tag), &command));
    ls_shell_idempotent(command);
    LS_TRY(ls_shell_run(command, &exit));
    return ls_expect_exit_success(exit);
}

static ls_result slot_folder(const ls_ctx *ctx, const char **folder) {
    slots found;
    LS_TRY(slots_of(ctx, &found));
    *folder = ls_format("/site/slots/%s/release", found.idle);
    return ls_done();
}

ls_result install(const ls_ctx *ctx) {
    const char *folder, *json;
    LS_TRY(slot_folder(ctx, &folder));
    LS_TRY(ls_files_remove(folder));
    LS_TRY(ls_files_make_directory(folder));
    ls_list files;
    LS_TRY(manifest(&json, &files));
    for (size_t at = 0; at < files.count; at++) {
        ls_artifact kept;
        LS_TRY(ls_artifact_by_id(id_of(files.items[at]), &kept));
        LS_TRY(ls_files_place_program(ls_format("%s/%s", folder, files.items[at]), &kept));
    }
    return ls_done();
}

ls_result remove_release(const ls_ctx *ctx) {
    const char *folder;
    LS_TRY(slot_folder(ctx, &folder));
    return ls_files_remove(folder);
}

ls_result start(const ls_ctx *ctx) {
    slots found;
    const char *site, *port;
    LS_TRY(slots_of(ctx, &found));
    LS_TRY(ls_ctx_parameter(ctx, "site", &site));
    LS_TRY(ls_files_read_text(ls_format("/site/slots/%s/port", found.idle), &port));
    ls_secret password;
    LS_TRY(ls_secret_by_id("APP_PASSWORD", &password));
    ls_command *starting;
    LS_TRY(service(ctx, "start", found.idle, &starting));
    ls_shell_arg(starting, "--release");
    ls_shell_arg(starting, ls_format("%s/slots/%s/release", site, found.idle));
    ls_shell_arg(starting, "--port");
    ls_shell_arg(starting, ls_trim(port));
    ls_shell_arg(starting, "--password-env");
    ls_shell_arg(starting, "APP_PASSWORD");
    ls_shell_env(starting, "APP_PASSWORD", password.marker);
    const ls_exit *started;
    LS_TRY(ls_shell_run(starting, &started));
    return ls_expect_exit_success(started);
}

ls_result stop(const ls_ctx *ctx) {
    slots found;
    LS_TRY(slots_of(ctx, &found));
    ls_command *stopping;
    const ls_exit *stopped;
    LS_TRY(service(ctx, "stop", found.idle, &stopping));
    LS_TRY(ls_shell_run(stopping, &stopped));
    return ls_expect_exit_success(stopped);
}
