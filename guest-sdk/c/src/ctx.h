// What a step is handed.
#pragma once

struct ls_ctx {
    const char *step;
};
