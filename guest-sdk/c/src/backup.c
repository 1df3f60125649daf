// Backups of databases: what is ordered, and what a backup says of itself.
#include "database.h"

#include "artifact.h"

#include <stdlib.h>

// How many rows a table must have.
typedef struct {
    const char *table;
    uint64_t rows;
} least;

struct ls_backup_order {
    const char *id;
    bool sized, timed;
    uint64_t bytes;
    least *rows;
    size_t count;
    ls_duration timeout;
};

ls_backup_order *ls_db_backup(const char *id) {
    ls_backup_order *order = ls_alloc(sizeof *order);
    order->id = id;
    return order;
}

void ls_backup_order_at_least_bytes(ls_backup_order *order, uint64_t bytes) {
    order->sized = true;
    order->bytes = bytes;
}

void ls_backup_order_at_least_rows(ls_backup_order *order, const char *table, uint64_t rows) {
    order->rows = abi_grown(order->rows, order->count, sizeof *order->rows);
    order->rows[order->count++] = (least){table, rows};
}

void ls_backup_order_timeout(ls_backup_order *order, ls_duration longest) {
    order->timed = true;
    order->timeout = longest;
}

static const char *digits(uint64_t number) { return ls_format("%llu", (unsigned long long)number); }

// In the host's words.
static int32_t ready(const ls_backup_order *order) {
    int32_t made = contract_db_backup_order(ABI_TEXT(order->id));
    if (order->sized) contract_db_backup_order_at_least_bytes(made, ABI_TEXT(digits(order->bytes)));
    for (size_t at = 0; at < order->count; at++) {
        contract_db_backup_order_at_least_rows(made, ABI_TEXT(order->rows[at].table), ABI_TEXT(digits(order->rows[at].rows)));
    }
    if (order->timed) contract_db_backup_order_timeout(made, abi_millis(order->timeout));
    return made;
}

static ls_result told(const abi_result *given, ls_backup *backup) {
    LS_TRY(abi_given(given));
    int32_t handle = given->as.handle;
    abi_text database, engine, format, version;
    struct {
        const struct {
            abi_text label, rows, checksum;
        } *items;
        size_t count;
    } tables;
    contract_db_backup_database(handle, &database);
    contract_db_backup_engine(handle, &engine);
    contract_db_backup_format(handle, &format);
    contract_db_backup_server_version(handle, &version);
    contract_db_backup_tables(handle, &tables);
    ls_backup_table *named = ls_alloc((tables.count + 1) * sizeof *named);
    uint64_t rows = 0;
    for (size_t at = 0; at < tables.count; at++) {
        named[at] = (ls_backup_table){tables.items[at].label.data, strtoull(tables.items[at].rows.data, NULL, 10), tables.items[at].checksum.data};
        rows += named[at].rows;
    }
    ls_artifact artifact = artifact_of(contract_db_backup_artifact(handle));
    *backup = (ls_backup){handle, artifact, database.data, engine.data, format.data, version.data, named, tables.count, rows};
    return ls_done();
}

ls_result ls_database_backup(const ls_database *database, const ls_backup_order *order, ls_backup *backup) {
    int32_t made = ready(order);
    abi_result given;
    contract_db_database_make_backup(database->handle, made, &given);
    contract_db_backup_order_drop(made);
    return told(&given, backup);
}

ls_result ls_database_backup_named(const ls_database *database, const char *id, ls_backup *backup) {
    ls_artifact artifact;
    LS_TRY(ls_artifact_by_id(id, &artifact));
    return ls_database_backup_in(database, &artifact, backup);
}

ls_result ls_database_backup_in(const ls_database *database, const ls_artifact *artifact, ls_backup *backup) {
    abi_result given;
    contract_db_database_backup_in(database->handle, artifact->handle, &given);
    return told(&given, backup);
}

ls_result ls_database_verify_backup(const ls_database *database, const ls_backup *backup) {
    return does(contract_db_database_verify_backup, database->handle, backup->handle);
}

ls_result ls_database_restore(const ls_database *database, const ls_backup *backup) {
    return does(contract_db_database_restore, database->handle, backup->handle);
}

ls_result ls_database_restore_over(const ls_database *database, const ls_backup *backup) {
    return does(contract_db_database_restore_over, database->handle, backup->handle);
}

ls_result ls_backup_expect_rows(const ls_backup *backup, const char *table, uint64_t at_least) {
    for (size_t at = 0; at < backup->table_count; at++) {
        const ls_backup_table *there = &backup->tables[at];
        if (strcmp(there->name, table)) continue;
        if (there->rows >= at_least) return ls_done();
        return ls_assertion("table `%s` has %s rows in the backup, expected at least %s", table, digits(there->rows), digits(at_least));
    }
    return ls_assertion("the backup has no table `%s`", table);
}
