// What the parts of `db` share.
#pragma once

#include "abi.h"

// Makes a call that has the handles of two and gives nothing but whether it worked.
typedef void abi_does(int32_t self, int32_t with, void *into);
static inline ls_result does(abi_does *call, int32_t self, int32_t with) {
    abi_result did;
    call(self, with, &did);
    return abi_given(&did);
}
