// Randomness, as a journaled value: a replay draws the same. Not for keys, since the journal can be read.
#include "abi.h"

// The most that one call of the contract gives.
#define AT_ONCE 4096

ls_bytes ls_random_bytes(uint32_t count) {
    uint8_t *drawn = ls_alloc(count + 1);
    for (uint32_t had = 0; had < count;) {
        uint32_t wanted = count - had < AT_ONCE ? count - had : AT_ONCE;
        abi_text part;
        contract_random_bytes((int32_t)wanted, &part);
        memcpy(drawn + had, part.data, part.size);
        had += wanted;
    }
    return (ls_bytes){drawn, count};
}

const char *ls_random_uuid(void) {
    abi_text uuid;
    contract_random_uuid(&uuid);
    return uuid.data;
}
