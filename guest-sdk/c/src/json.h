// Looking into JSON so that a miss says what was there instead.
#pragma once

#include <lockstep.h>

// Text cut to what a message can carry.
const char *json_shown(const char *text);
