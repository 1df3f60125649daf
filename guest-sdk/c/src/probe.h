// Probes: how the host finds out whether a call happened when its outcome was lost.
#pragma once

#include <lockstep.h>

// What a probe asks. By a pointer, so that a component imports the interfaces of the probes that it makes and no others.
typedef int32_t probe_read(const void *about);

// A probe that asks `read` about something.
ls_probe *probe_of(probe_read *read, const void *about);

// In the host's words: a handle.
int32_t probe_ready(const ls_probe *probe);
