// Files and artifacts.
#include "steps.h"

#include <string.h>

// As large as the largest part of an artifact that is read at once, and one more.
#define LARGE ((1 << 20) + 1)

// The digest of a file that has one line.
#define LINE "sha256:3887c2cd3bec16420dc71507a74cf7f0a5effdd361f6d9cbe27b77831de8f65f"

static const uint8_t BYTES[] = {0, 255, 10, 0};

static ls_result text(const ls_ctx *ctx) {
    const char *odd = "", *one, *digest;
    for (int at = 0; at < 5; at++) {
        LS_TRY(ls_ctx_output_text(ctx, "told", ls_format("/%d", at), &one));
        odd = ls_format("%s%s%s", odd, at ? "|" : "", one);
    }
    LS_TRY(ls_files_make_directory("/box/all/inner"));
    LS_TRY(ls_files_write_text("/box/all/odd", odd));
    LS_TRY(ls_files_append_text("/box/all/odd", "+", NULL));
    LS_TRY(ls_files_read_text("/box/all/odd", &odd));
    LS_TRY(ls_files_digest("/box/all/odd", &digest));
    ls_info("%s %s", odd, digest);
    ls_probe *written = ls_probe_file("/box/all/line", LINE);
    ls_probe_otherwise_did_not(written);
    LS_TRY(ls_files_append_text("/box/all/line", "one line\n", written));
    return ls_files_expect_digest("/box/all/line", LINE);
}

static ls_result bytes(void) {
    ls_bytes read;
    LS_TRY(ls_files_write("/box/all/bytes", (ls_bytes){BYTES, sizeof BYTES}));
    LS_TRY(ls_files_read("/box/all/bytes", &read));
    LS_ENSURE(read.size == sizeof BYTES && !memcmp(read.data, BYTES, sizeof BYTES), "other bytes were read");
    LS_TRY(ls_files_write("/box/all/empty", ls_bytes_of("")));
    LS_TRY(ls_files_read("/box/all/empty", &read));
    ls_info("%zu", read.size);
    return ls_done();
}

static ls_result there(void) {
    const char *target;
    LS_TRY(ls_files_link("/box/all/link", "odd"));
    LS_TRY(ls_files_link_target("/box/all/link", &target));
    LS_ENSURE(!strcmp(target, "odd"), "the link points elsewhere");
    bool exists;
    LS_TRY(ls_files_exists("/box/all/none", &exists));
    LS_ENSURE(!exists, "there is something where nothing was made");
    ls_list entries;
    LS_TRY(ls_files_entries("/box/all", &entries));
    const char *names = "";
    for (size_t at = 0; at < entries.count; at++) names = ls_format("%s%s%s", names, at ? "," : "", entries.items[at]);
    uint64_t free;
    LS_TRY(ls_files_disk_free("/box", &free));
    ls_info("%s %llu", names, (unsigned long long)free);
    return ls_done();
}

static void refused_files(void) {
    const char *text;
    ls_bytes bytes;
    refused("what is not there", ls_files_read_text("/box/all/none", &text));
    refused("what is outside", ls_files_read_text("/etc/passwd", &text));
    refused("what is no text", ls_files_read_text("/box/all/bytes", &text));
    refused("what is no file", ls_files_read("/box/all/inner", &bytes));
    refused("what is no path", ls_files_read("/box/../etc", &bytes));
    refused("what stands there", ls_files_link("/box/all/odd", "line"));
}

static ls_result artifacts(void) {
    ls_artifact odd, same, large, empty;
    LS_TRY(ls_files_keep("/box/all/odd", "odd", &odd));
    ls_info("%s %s", odd.id, odd.digest);
    LS_TRY(ls_artifact_by_id("odd", &same));
    LS_TRY(ls_files_place("/box/all/placed", &same));
    LS_TRY(ls_files_place_program("/box/all/program", &odd));
    LS_TRY(ls_artifact_from_text("large", xs(LARGE), &large));
    ls_bytes bytes;
    LS_TRY(ls_artifact_bytes(&large, &bytes));
    ls_info("%s %zu", large.digest, bytes.size);
    ls_bytes last, behind;
    LS_TRY(ls_artifact_read_at(&large, 1 << 20, 5, &last));
    LS_TRY(ls_artifact_read_at(&large, 1ULL << 63, 5, &behind));
    ls_info("%zu %zu", last.size, behind.size);
    LS_TRY(ls_artifact_from_bytes("empty", ls_bytes_of(""), &empty));
    LS_TRY(ls_artifact_bytes(&empty, &bytes));
    const char *text;
    LS_TRY(ls_artifact_text(&odd, &text));
    ls_info("%zu %s", bytes.size, text);
    refused("another of the same id", ls_artifact_from_text("large", "another", &large));
    refused("an id that is none", ls_artifact_from_text("No id", "", &large));
    refused("no artifact", ls_artifact_by_id("none", &large));
    return ls_done();
}

ls_result keep(const ls_ctx *ctx) {
    LS_TRY(text(ctx));
    LS_TRY(bytes());
    LS_TRY(there());
    refused_files();
    return artifacts();
}

ls_result forget_files(const ls_ctx *ctx) {
    (void)ctx;
    return ls_files_remove("/box/all");
}
