// What is named of a cluster, and what its calls share.
#pragma once

#include "abi.h"

struct ls_target {
    const char *api_version, *kind, *ns, *id;
    ls_duration timeout;
    bool timed, dry_run, force;
};

// The object in the host's words.
int32_t target_ready(const ls_target *target, bool force);

// `Deployment shop/api`, for messages.
const char *target_place(const ls_target *target);

// How an object stands before a change, kept for the undo unless the step has kept it already.
ls_result target_before(const ls_target *target, int32_t ready, ls_revision *before);

// Keeps that this step has scaled it: else how many there are is somebody else's business.
ls_result target_scaled(const ls_target *target);
