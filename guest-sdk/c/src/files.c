// Files below the mounts that the grant names. Paths are absolute, as the grant shows them to the procedure.
#include "abi.h"
#include "artifact.h"
#include "probe.h"

#include <stdlib.h>

// Makes a call that gives nothing but whether it worked.
#define ONLY(call, ...)                                                                                                                               \
    do {                                                                                                                                              \
        abi_result result_;                                                                                                                           \
        call(__VA_ARGS__, &result_);                                                                                                                  \
        return abi_given(&result_);                                                                                                                   \
    } while (0)

ls_result ls_files_read(const char *path, ls_bytes *bytes) {
    abi_result read;
    contract_files_read(ABI_TEXT(path), &read);
    LS_TRY(abi_given(&read));
    *bytes = (ls_bytes){(const uint8_t *)read.as.text.data, read.as.text.size};
    return ls_done();
}

ls_result ls_files_read_text(const char *path, const char **text) {
    abi_result read;
    contract_files_read_text(ABI_TEXT(path), &read);
    LS_TRY(abi_given(&read));
    if (memchr(read.as.text.data, 0, read.as.text.size)) return ls_assertion("%s: a text with NUL in it would end there in C", path);
    *text = read.as.text.data;
    return ls_done();
}

ls_result ls_files_write(const char *path, ls_bytes bytes) { ONLY(contract_files_write, ABI_TEXT(path), bytes.data, bytes.size); }
ls_result ls_files_write_text(const char *path, const char *text) { ONLY(contract_files_write_text, ABI_TEXT(path), ABI_TEXT(text)); }
ls_result ls_files_make_directory(const char *path) { ONLY(contract_files_make_directory, ABI_TEXT(path)); }
ls_result ls_files_remove(const char *path) { ONLY(contract_files_remove, ABI_TEXT(path)); }
ls_result ls_files_link(const char *path, const char *target) { ONLY(contract_files_link, ABI_TEXT(path), ABI_TEXT(target)); }
ls_result ls_files_place(const char *path, const ls_artifact *artifact) { ONLY(contract_files_place, ABI_TEXT(path), artifact->handle, 0); }
ls_result ls_files_place_program(const char *path, const ls_artifact *artifact) { ONLY(contract_files_place, ABI_TEXT(path), artifact->handle, 1); }

ls_result ls_files_append_text(const char *path, const char *text, const ls_probe *probe) {
    if (!probe) ONLY(contract_files_append_text, ABI_TEXT(path), ABI_TEXT(text));
    int32_t ready = probe_ready(probe);
    abi_result appended;
    contract_files_append_text_probed(ABI_TEXT(path), ABI_TEXT(text), ready, &appended);
    contract_types_probe_drop(ready);
    return abi_given(&appended);
}

ls_result ls_files_look(const char *path, const ls_entry **entry) {
    *entry = NULL;
    abi_result found;
    contract_files_look(ABI_TEXT(path), &found);
    LS_TRY(abi_given(&found));
    if (!found.as.option.some) return ls_done();
    int32_t handle = found.as.option.as.handle;
    abi_text kind, size, modified;
    abi_option target;
    contract_files_entry_kind(handle, &kind);
    contract_files_entry_size(handle, &size);
    contract_files_entry_modified(handle, &modified);
    contract_files_entry_target(handle, &target);
    contract_files_entry_drop(handle);
    ls_entry *made = ls_alloc(sizeof *made);
    *made = (ls_entry){kind.data, strtoull(size.data, NULL, 10), modified.data, target.some ? target.as.text.data : NULL};
    *entry = made;
    return ls_done();
}

ls_result ls_files_exists(const char *path, bool *there) {
    const ls_entry *entry;
    LS_TRY(ls_files_look(path, &entry));
    *there = entry != NULL;
    return ls_done();
}

ls_result ls_files_link_target(const char *path, const char **target) {
    const ls_entry *entry;
    LS_TRY(ls_files_look(path, &entry));
    *target = entry ? entry->target : NULL;
    return ls_done();
}

ls_result ls_files_entries(const char *path, ls_list *names) {
    abi_result found;
    contract_files_entries(ABI_TEXT(path), &found);
    LS_TRY(abi_given(&found));
    const char **items = ls_alloc((found.as.texts.count + 1) * sizeof *items);
    for (size_t at = 0; at < found.as.texts.count; at++) items[at] = found.as.texts.items[at].data;
    *names = (ls_list){items, found.as.texts.count};
    return ls_done();
}

ls_result ls_files_digest(const char *path, const char **digest) {
    abi_result found;
    contract_files_digest(ABI_TEXT(path), &found);
    LS_TRY(abi_given(&found));
    *digest = found.as.text.data;
    return ls_done();
}

ls_result ls_files_expect_digest(const char *path, const char *pinned) {
    const char *found;
    LS_TRY(ls_files_digest(path, &found));
    return expect_digest(path, found, pinned);
}

ls_result ls_files_disk_free(const char *path, uint64_t *bytes) {
    abi_result found;
    contract_files_disk_free(ABI_TEXT(path), &found);
    LS_TRY(abi_given(&found));
    *bytes = strtoull(found.as.text.data, NULL, 10);
    return ls_done();
}

// A size as a person says it: `512 bytes`, `1.5 GiB`.
static const char *spoken_size(uint64_t bytes) {
    static const struct {
        uint64_t unit;
        const char *word;
    } units[] = {{1ULL << 30, "GiB"}, {1ULL << 20, "MiB"}, {1ULL << 10, "KiB"}};
    for (size_t at = 0; at < 3; at++) {
        uint64_t unit = units[at].unit;
        if (bytes >= unit) return ls_format("%llu.%llu %s", bytes / unit, bytes % unit * 10 / unit, units[at].word);
    }
    return ls_format("%llu bytes", bytes);
}

ls_result ls_files_expect_disk_free(const char *path, uint64_t bytes) {
    uint64_t free;
    LS_TRY(ls_files_disk_free(path, &free));
    return free >= bytes ? ls_done() : ls_assertion("%s: expected at least %s free, found %s", path, spoken_size(bytes), spoken_size(free));
}

ls_result ls_files_keep(const char *path, const char *id, ls_artifact *artifact) {
    abi_result kept;
    contract_files_keep(ABI_TEXT(path), ABI_TEXT(id), &kept);
    LS_TRY(abi_given(&kept));
    *artifact = artifact_of(kept.as.handle);
    return ls_done();
}

typedef struct {
    const char *path, *digest;
} digest_of;

static int32_t digest_asked(const void *about) {
    const digest_of *file = about;
    return contract_files_digest_probe(ABI_TEXT(file->path), ABI_TEXT(file->digest));
}

ls_probe *ls_probe_file(const char *path, const char *digest) {
    digest_of *file = ls_alloc(sizeof *file);
    *file = (digest_of){path, digest};
    return probe_of(digest_asked, file);
}
