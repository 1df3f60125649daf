// Secrets by handle: the procedure places a marker, and the host puts the value in its place at the destination.
#include "abi.h"

ls_result ls_secret_by_id(const char *id, ls_secret *secret) {
    abi_result found;
    contract_secret_by_id(ABI_TEXT(id), &found);
    LS_TRY(abi_given(&found));
    abi_text known, marker;
    contract_secret_value_id(found.as.handle, &known);
    contract_secret_value_marker(found.as.handle, &marker);
    contract_secret_value_drop(found.as.handle);
    *secret = (ls_secret){known.data, marker.data};
    return ls_done();
}
