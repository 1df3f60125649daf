// Rows that came back from a database.
#pragma once

#include "abi.h"

// The rows behind a handle, which is given back.
ls_rows rows_of(int32_t handle);
