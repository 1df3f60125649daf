// Times as a person says them.
#pragma once

#include <lockstep.h>

// `30 s`, `200 ms`, `1.5 s`, `5 min`.
const char *spoken_time(ls_duration duration);
