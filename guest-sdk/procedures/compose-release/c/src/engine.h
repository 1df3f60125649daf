// The Docker engine and the compose project, by the commands that an operator would type.
#pragma once

#include <lockstep.h>

// A command on the project.
ls_result compose(const ls_ctx *ctx, ls_list args, ls_command **command);
// Runs a command that must succeed.
ls_result succeeds(const ls_command *command);
// What the container of a slot was made of.
ls_result image_of(const ls_ctx *ctx, const char *slot, const char **image);
// Pulls, and says by its digest what came.
ls_result pull(const ls_ctx *ctx, const char *image, const char **pinned);
// An image that cannot be started is no way back.
ls_result expect_there(const ls_ctx *ctx, const char *pinned);
// Makes the container of one slot of its image and starts it; the other slot, which has another image, is not touched.
ls_result up(const ls_ctx *ctx, const char *slot, const char *image, const char *other, const char *others_image);
// Stops the container of one slot and leaves it there.
ls_result halt(const ls_ctx *ctx, const char *slot);
