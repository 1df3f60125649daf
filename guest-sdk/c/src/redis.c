// Stores of Redis that the grant names: commands by their words, and the keys that begin with a text.
#include "abi.h"

#include <errno.h>
#include <stdlib.h>

ls_result ls_redis_open(const char *id, ls_store *store) {
    abi_result opened;
    contract_redis_store_open(ABI_TEXT(id), &opened);
    LS_TRY(abi_given(&opened));
    *store = (ls_store){opened.as.handle, id};
    return ls_done();
}

void ls_store_timeout(const ls_store *store, ls_duration longest) { contract_redis_store_timeout(store->handle, abi_millis(longest)); }

static ls_result ran(const ls_store *store, const char *command, const abi_result *given, ls_reply *reply) {
    LS_TRY(abi_given(given));
    *reply = (ls_reply){given->as.handle, ls_format("%s %s", store->id, command)};
    return ls_done();
}

ls_result ls_store_run(const ls_store *store, ls_list words, ls_reply *reply) {
    abi_texts texts = abi_list(words);
    abi_result given;
    contract_redis_store_run_text(store->handle, texts.items, texts.count, &given);
    return ran(store, words.count ? words.items[0] : "…", &given, reply);
}

ls_result ls_store_run_bytes(const ls_store *store, const ls_bytes *words, size_t count, ls_reply *reply) {
    abi_result given;
    contract_redis_store_run(store->handle, words, count, &given);
    return ran(store, count ? ls_format("%.*s", (int)words[0].size, (const char *)words[0].data) : "…", &given, reply);
}

ls_result ls_store_ping(const ls_store *store, uint32_t *microseconds) {
    abi_result told;
    contract_redis_store_ping(store->handle, &told);
    *microseconds = (uint32_t)told.as.handle;
    return abi_given(&told);
}

ls_result ls_store_info(const ls_store *store, const char *section, const char **text) {
    abi_result told;
    contract_redis_store_info(store->handle, ABI_TEXT(section), &told);
    *text = told.as.text.data;
    return abi_given(&told);
}

ls_result ls_store_scan(const ls_store *store, ls_bytes prefix, uint32_t most, ls_scanned *scanned) {
    abi_result found;
    contract_redis_store_scan(store->handle, prefix.data, prefix.size, (int32_t)most, &found);
    LS_TRY(abi_given(&found));
    int32_t handle = found.as.handle;
    abi_texts keys;
    contract_redis_scanned_keys(handle, &keys);
    // Bytes and texts cross in the same form.
    scanned->keys = (const ls_bytes *)keys.items;
    scanned->count = keys.count;
    scanned->total = (uint32_t)contract_redis_scanned_total(handle);
    scanned->slowest = (uint32_t)contract_redis_scanned_slowest(handle);
    contract_redis_scanned_drop(handle);
    return ls_done();
}

ls_result ls_store_delete_by_prefix(const ls_store *store, ls_bytes prefix, uint32_t most, uint32_t *deleted) {
    abi_result told;
    contract_redis_store_delete_by_prefix(store->handle, prefix.data, prefix.size, (int32_t)most, &told);
    *deleted = (uint32_t)told.as.handle;
    return abi_given(&told);
}

const char *ls_reply_kind(const ls_reply *reply) {
    abi_text kind;
    contract_redis_reply_kind(reply->handle, &kind);
    return kind.data;
}

bool ls_reply_is_nil(const ls_reply *reply) { return !strcmp(ls_reply_kind(reply), "nil"); }

ls_result ls_reply_text(const ls_reply *reply, const char **text) {
    abi_result told;
    contract_redis_reply_text(reply->handle, &told);
    LS_TRY(ls_context(abi_given(&told), "%s", reply->line));
    if (memchr(told.as.text.data, 0, told.as.text.size)) return ls_assertion("%s: a text with NUL in it would end there in C", reply->line);
    *text = told.as.text.data;
    return ls_done();
}

ls_result ls_reply_bytes(const ls_reply *reply, ls_bytes *bytes) {
    abi_result told;
    contract_redis_reply_bytes(reply->handle, &told);
    *bytes = (ls_bytes){(const uint8_t *)told.as.text.data, told.as.text.size};
    return ls_context(abi_given(&told), "%s", reply->line);
}

ls_result ls_reply_integer(const ls_reply *reply, int64_t *number) {
    abi_result told;
    contract_redis_reply_integer(reply->handle, &told);
    LS_TRY(ls_context(abi_given(&told), "%s", reply->line));
    errno = 0;
    *number = strtoll(told.as.text.data, NULL, 10);
    return errno ? ls_assertion("%s: %s is too large a number", reply->line, told.as.text.data) : ls_done();
}

uint32_t ls_reply_count(const ls_reply *reply) { return (uint32_t)contract_redis_reply_count(reply->handle); }

ls_result ls_reply_part(const ls_reply *reply, uint32_t index, ls_reply *part) {
    abi_result given;
    contract_redis_reply_part(reply->handle, (int32_t)index, &given);
    LS_TRY(ls_context(abi_given(&given), "%s", reply->line));
    *part = (ls_reply){given.as.handle, ls_format("%s, part %u", reply->line, (unsigned)index)};
    return ls_done();
}

const char *ls_reply_json(const ls_reply *reply) {
    abi_text json;
    contract_redis_reply_json(reply->handle, &json);
    return json.data;
}

ls_result ls_reply_expect(const ls_reply *reply, const char *expected) { return ls_json_expect(reply->line, ls_reply_json(reply), "", expected); }
void ls_reply_drop(ls_reply *reply) { contract_redis_reply_drop(reply->handle); }
