// What files share with artifacts.
#pragma once

#include <lockstep.h>

// The artifact behind a handle.
ls_artifact artifact_of(int32_t handle);

// The same, in memory of its own.
const ls_artifact *artifact_kept(int32_t handle);

// Fails unless the digests are the same, with or without `sha256:`. Not retryable: other bytes do not turn into the right ones.
ls_result expect_digest(const char *what, const char *found, const char *pinned);
