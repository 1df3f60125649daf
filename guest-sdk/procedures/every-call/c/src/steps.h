// What the declaration knows of the steps, and what they share.
#pragma once

#include <lockstep.h>

// Says how something was refused.
static inline void refused(const char *what, ls_result result) {
    ls_info("%s: %s", what, result.failure ? result.failure->code : "not refused");
}

// So many times the letter x.
const char *xs(size_t count);

ls_result keep(const ls_ctx *ctx);
ls_result forget_files(const ls_ctx *ctx);
ls_result ask(const ls_ctx *ctx);
ls_result forget_things(const ls_ctx *ctx);
ls_result store(const ls_ctx *ctx);
ls_result forward(const ls_ctx *ctx);
ls_result back(const ls_ctx *ctx);
ls_result cluster(const ls_ctx *ctx);
ls_result put_back(const ls_ctx *ctx);
ls_result run(const ls_ctx *ctx);
