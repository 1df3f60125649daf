// The migrations that a database has seen.
#include "rows.h"

ls_result ls_database_history(const ls_database *database, ls_history *history) {
    abi_result found;
    contract_db_migration_history(database->handle, &found);
    LS_TRY(abi_given(&found));
    ls_rows rows = rows_of(found.as.handle);
    ls_applied *items = ls_alloc((rows.count + 1) * sizeof *items);
    for (size_t at = 0; at < rows.count; at++) {
        LS_TRY(ls_rows_text(&rows, at, "version", &items[at].version));
        LS_TRY(ls_rows_text(&rows, at, "title", &items[at].title));
        LS_TRY(ls_rows_text(&rows, at, "checksum", &items[at].checksum));
        LS_TRY(ls_rows_text(&rows, at, "state", &items[at].state));
        if (!items[at].version || !items[at].title || !items[at].checksum || !items[at].state) return ls_assertion("the history has a NULL in it");
    }
    *history = (ls_history){items, rows.count};
    return ls_done();
}

ls_list ls_history_versions(const ls_history *history) {
    const char **versions = ls_alloc((history->count + 1) * sizeof *versions);
    size_t count = 0;
    for (size_t at = 0; at < history->count; at++) {
        if (!strcmp(history->items[at].state, "applied")) versions[count++] = history->items[at].version;
    }
    return (ls_list){versions, count};
}

const char *ls_history_json(const ls_history *history) {
    const char *json = "";
    for (size_t at = 0; at < history->count; at++) {
        const ls_applied *one = &history->items[at];
        const char *object = ls_json_object("version", one->version, "title", one->title, "checksum", one->checksum, "state", one->state, NULL);
        json = ls_format("%s%s%s", json, at ? "," : "", object);
    }
    return ls_format("[%s]", json);
}

ls_result ls_history_parse(const char *json, ls_history *history) {
    if (*ls_trim(json) != '[') return ls_fail("what was recorded must be what `ls_history_json` gave");
    ls_applied *items = NULL;
    size_t count = 0;
    const char *found;
    while (!ls_json_at("the history", json, ls_format("/%zu", count), &found).failure) {
        items = abi_grown(items, count, sizeof *items);
        LS_TRY(ls_json_text_at("the history", found, "/version", &items[count].version));
        LS_TRY(ls_json_text_at("the history", found, "/title", &items[count].title));
        LS_TRY(ls_json_text_at("the history", found, "/checksum", &items[count].checksum));
        LS_TRY(ls_json_text_at("the history", found, "/state", &items[count].state));
        count++;
    }
    *history = (ls_history){items, count};
    return ls_done();
}
