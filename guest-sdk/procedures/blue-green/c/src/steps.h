// The steps of blue-green, and what they share.
#pragma once

#include <lockstep.h>

// What must hold: before anything is touched, of the new version by itself, and of what clients see.
ls_act clean, untagged, space, current, healthy, login, verify, soak;

// The release: pinned by digest, tagged, put into the idle slot and started there.
ls_act pin, tag, untag, install, remove_release, start, stop;

// The site: two slots, a link that says which one serves, and the program that starts and stops a slot's service.
ls_act switch_over, switch_back, retire;

// What the pre-flight found: which slot serves, the version in it, and the slot for the new version.
typedef struct {
    const char *live, *live_version, *idle;
} slots;

// As the step `current` found them.
ls_result slots_of(const ls_ctx *ctx, slots *found);

// The slot that the link points to.
ls_result live_slot(const char **slot);

// Where the service of a slot answers.
ls_result address_of(const char *slot, const char **address);

// The service's own command for a slot. It may be repeated: starting what runs and stopping what does not are both well.
ls_result service(const ls_ctx *ctx, const char *verb, const char *slot, ls_command **command);

// A git command in the work tree.
ls_result git(const ls_ctx *ctx, ls_list args, ls_command **command);
