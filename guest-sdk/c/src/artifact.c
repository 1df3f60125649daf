// Bytes named once in a run: the same id gives the same bytes in every later step and in every undo.
#include "artifact.h"
#include "abi.h"

#include <stdlib.h>
#include <strings.h>

// How much one read asks for: the contract's most.
#define AT_ONCE (1 << 20)

ls_artifact artifact_of(int32_t handle) {
    abi_text id, digest;
    contract_artifact_sealed_id(handle, &id);
    contract_artifact_sealed_digest(handle, &digest);
    return (ls_artifact){handle, id.data, digest.data};
}

const ls_artifact *artifact_kept(int32_t handle) {
    ls_artifact *artifact = ls_alloc(sizeof *artifact);
    *artifact = artifact_of(handle);
    return artifact;
}

ls_result ls_artifact_from_text(const char *id, const char *text, ls_artifact *artifact) {
    return ls_artifact_from_bytes(id, ls_bytes_of(text), artifact);
}

ls_result ls_artifact_from_bytes(const char *id, ls_bytes bytes, ls_artifact *artifact) {
    ls_draft draft;
    ls_artifact_draft(id, &draft);
    ls_draft_append(&draft, bytes);
    return ls_draft_seal(&draft, artifact);
}

void ls_artifact_draft(const char *id, ls_draft *draft) { draft->handle = contract_artifact_draft(ABI_TEXT(id)); }
void ls_draft_append(ls_draft *draft, ls_bytes bytes) { contract_artifact_draft_append(draft->handle, bytes.data, bytes.size); }
void ls_draft_append_text(ls_draft *draft, const char *text) { contract_artifact_draft_append_text(draft->handle, ABI_TEXT(text)); }

ls_result ls_draft_seal(ls_draft *draft, ls_artifact *artifact) {
    abi_result sealed;
    contract_artifact_draft_seal(draft->handle, &sealed);
    contract_artifact_draft_drop(draft->handle);
    LS_TRY(abi_given(&sealed));
    *artifact = artifact_of(sealed.as.handle);
    return ls_done();
}

bool ls_artifact_maybe_by_id(const char *id, ls_artifact *artifact) {
    abi_option found;
    contract_artifact_by_id(ABI_TEXT(id), &found);
    if (found.some) *artifact = artifact_of(found.as.handle);
    return found.some;
}

ls_result ls_artifact_by_id(const char *id, ls_artifact *artifact) {
    return ls_artifact_maybe_by_id(id, artifact) ? ls_done() : ls_fail("this run has no artifact `%s`", id);
}

uint64_t ls_artifact_size(const ls_artifact *artifact) {
    abi_text told;
    contract_artifact_sealed_size(artifact->handle, &told);
    return strtoull(told.data, NULL, 10);
}

ls_result ls_artifact_bytes(const ls_artifact *artifact, ls_bytes *bytes) {
    uint64_t told = ls_artifact_size(artifact);
    if (told >= UINT32_MAX) return ls_fail("artifact `%s` is too large to be read whole", artifact->id);
    size_t size = (size_t)told, had = 0;
    uint8_t *whole = ls_alloc(size + 1);
    while (had < size) {
        abi_result part;
        contract_artifact_sealed_read(artifact->handle, (int32_t)had, AT_ONCE, &part);
        LS_TRY(abi_given(&part));
        if (!part.as.text.size) return ls_fail("artifact `%s` ends after %zu of %zu bytes", artifact->id, had, size);
        memcpy(whole + had, part.as.text.data, part.as.text.size);
        had += part.as.text.size;
    }
    *bytes = (ls_bytes){whole, size};
    return ls_done();
}

ls_result ls_artifact_read_at(const ls_artifact *artifact, uint64_t offset, uint32_t count, ls_bytes *bytes) {
    const char *digits = ls_format("%llu", (unsigned long long)offset);
    abi_result part;
    contract_artifact_sealed_read_at(artifact->handle, ABI_TEXT(digits), (int32_t)count, &part);
    LS_TRY(abi_given(&part));
    *bytes = (ls_bytes){(const uint8_t *)part.as.text.data, part.as.text.size};
    return ls_done();
}

ls_result ls_artifact_text(const ls_artifact *artifact, const char **text) {
    ls_bytes bytes;
    LS_TRY(ls_artifact_bytes(artifact, &bytes));
    // Not retryable: the same id gives the same bytes every time.
    if (memchr(bytes.data, 0, bytes.size)) {
        return ls_with_code(ls_fail("artifact `%s`: a text with NUL in it would end there in C", artifact->id), LS_ASSERTION);
    }
    *text = (const char *)bytes.data;
    return ls_done();
}

ls_result ls_artifact_expect_digest(const ls_artifact *artifact, const char *pinned) {
    return expect_digest(ls_format("artifact `%s`", artifact->id), artifact->digest, pinned);
}

static const char *digits(const char *digest) {
    digest = ls_trim(digest);
    return strncmp(digest, "sha256:", 7) ? digest : digest + 7;
}

ls_result expect_digest(const char *what, const char *found, const char *pinned) {
    if (!strcasecmp(digits(found), digits(pinned))) return ls_done();
    return ls_with_code(ls_fail("%s: expected digest %s, found %s", what, pinned, found), LS_ASSERTION);
}
