// Migrations from files: `0001_orders.up.sql` and `0001_orders.down.sql` in a folder of a mount. What the database has seen stands in its own history.
#include "database.h"

#include <errno.h>
#include <stdlib.h>

// One of a folder. A script that there is none of is NULL.
typedef struct {
    uint64_t number;
    const char *version, *title, *up, *down;
} migration;

struct ls_migrations {
    migration *all; // In the order of their numbers.
    size_t count;
    bool timed;
    ls_duration timeout;
    const char *reason;
};

static bool ends(const char *text, const char *with) {
    size_t size = strlen(text), end = strlen(with);
    return size >= end && !strcmp(text + size - end, with);
}

// A file's name, taken apart; whether it is one of a migration.
static bool parse(const char *name, migration *named, bool *up) {
    *up = ends(name, ".up.sql");
    if (!*up && !ends(name, ".down.sql")) return false;
    size_t digits = strspn(name, "0123456789"), stem = strlen(name) - strlen(*up ? ".up.sql" : ".down.sql");
    if (!digits || name[digits] != '_' || digits + 1 >= stem) return false;
    errno = 0;
    *named = (migration){.number = strtoull(name, NULL, 10)};
    named->version = ls_format("%.*s", (int)digits, name);
    named->title = ls_format("%.*s", (int)(stem - digits - 1), name + digits + 1);
    return !errno;
}

// Where the migration of a number is, or a new one in its place.
static migration *place(ls_migrations *migrations, const migration *named) {
    size_t at = 0;
    while (at < migrations->count && migrations->all[at].number < named->number) at++;
    if (at < migrations->count && migrations->all[at].number == named->number) return &migrations->all[at];
    migrations->all = abi_grown(migrations->all, migrations->count, sizeof *migrations->all);
    memmove(&migrations->all[at + 1], &migrations->all[at], (migrations->count++ - at) * sizeof *migrations->all);
    migrations->all[at] = *named;
    return &migrations->all[at];
}

static ls_result read_one(ls_migrations *migrations, const char *folder, const char *name) {
    migration named;
    bool up;
    if (!parse(name, &named, &up)) {
        return ls_assertion("%s/%s is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql", folder, name);
    }
    const char *text;
    LS_TRY(ls_files_read_text(ls_format("%s/%s", folder, name), &text));
    migration *there = place(migrations, &named);
    const char **script = up ? &there->up : &there->down;
    if (strcmp(there->version, named.version) || strcmp(there->title, named.title) || *script) {
        return ls_assertion("%s has two migrations of the number %llu", folder, (unsigned long long)named.number);
    }
    *script = text;
    return ls_done();
}

ls_result ls_db_migrations(const char *folder, ls_migrations **migrations) {
    ls_list names;
    LS_TRY(ls_files_entries(folder, &names));
    ls_migrations *found = ls_alloc(sizeof *found);
    for (size_t at = 0; at < names.count; at++) {
        if (ends(names.items[at], ".sql")) LS_TRY(read_one(found, folder, names.items[at]));
    }
    for (size_t at = 0; at < found->count; at++) {
        if (!found->all[at].up) return ls_assertion("%s: migration %s goes back and has no file that goes up", folder, found->all[at].version);
    }
    *migrations = found;
    return ls_done();
}

void ls_migrations_timeout(ls_migrations *migrations, ls_duration longest) {
    migrations->timed = true;
    migrations->timeout = longest;
}

void ls_migrations_without_backup(ls_migrations *migrations, const char *reason) { migrations->reason = reason; }

ls_list ls_migrations_versions(const ls_migrations *migrations) {
    ls_list versions = {NULL, 0};
    for (size_t at = 0; at < migrations->count; at++) abi_add(&versions, migrations->all[at].version);
    return versions;
}

// In the host's words.
static int32_t ready(const ls_migrations *migrations, const migration *one) {
    int32_t made = contract_db_migration(ABI_TEXT(one->version), ABI_TEXT(one->title), ABI_TEXT(one->up));
    if (one->down) contract_db_migration_down_script(made, ABI_TEXT(one->down));
    if (migrations->timed) contract_db_migration_timeout(made, abi_millis(migrations->timeout));
    if (migrations->reason) contract_db_migration_without_backup(made, ABI_TEXT(migrations->reason));
    return made;
}

static bool same(const ls_migrations *migrations, const migration *one, const ls_applied *applied) {
    int32_t made = ready(migrations, one);
    abi_text checksum;
    contract_db_migration_checksum(made, &checksum);
    contract_db_migration_drop(made);
    return !strcmp(checksum.data, applied->checksum);
}

static bool is_unfinished(const ls_applied *applied) { return !strncmp(applied->state, "unfinished", strlen("unfinished")); }

static const ls_applied *seen(const ls_history *history, const char *version) {
    for (size_t at = 0; at < history->count; at++) {
        if (!strcmp(history->items[at].version, version)) return &history->items[at];
    }
    return NULL;
}

ls_result ls_migrations_status(const ls_migrations *migrations, const ls_database *database, ls_migration_status *status) {
    ls_history history;
    LS_TRY(ls_database_history(database, &history));
    *status = (ls_migration_status){0};
    for (size_t at = 0; at < migrations->count; at++) {
        const migration *one = &migrations->all[at];
        const ls_applied *applied = seen(&history, one->version);
        if (applied && is_unfinished(applied)) {
            abi_add(&status->unfinished, one->version);
        } else if (!applied || strcmp(applied->state, "applied")) {
            abi_add(&status->pending, one->version);
        } else {
            abi_add(same(migrations, one, applied) ? &status->applied : &status->changed, one->version);
        }
    }
    ls_list known = ls_migrations_versions(migrations);
    for (size_t at = 0; at < history.count; at++) {
        const ls_applied *applied = &history.items[at];
        if (strcmp(applied->state, "taken-back") && !abi_has(known, applied->version)) abi_add(&status->missing, applied->version);
    }
    return ls_done();
}

static ls_result lacking(const char *version) { return ls_assertion("migration %s is applied, and there is no file of it", version); }

static ls_result find(const ls_migrations *migrations, const char *version, const migration **found) {
    for (size_t at = 0; at < migrations->count; at++) {
        if (strcmp(migrations->all[at].version, version)) continue;
        *found = &migrations->all[at];
        return ls_done();
    }
    return lacking(version);
}

// Does the same with each of these versions, in this order.
static ls_result each(const ls_migrations *migrations, ls_list versions, const ls_database *database, abi_does *call) {
    for (size_t at = 0; at < versions.count; at++) {
        const migration *one;
        LS_TRY(find(migrations, versions.items[at], &one));
        int32_t made = ready(migrations, one);
        ls_result did = does(call, made, database->handle);
        contract_db_migration_drop(made);
        LS_TRY(did);
    }
    return ls_done();
}

ls_result ls_migrations_up(const ls_migrations *migrations, const ls_database *database, ls_list *applied) {
    ls_migration_status status;
    LS_TRY(ls_migrations_status(migrations, database, &status));
    if (status.changed.count) return ls_assertion("migration %s was changed after it had been applied: write a new one", status.changed.items[0]);
    if (status.missing.count) return lacking(status.missing.items[0]);
    ls_list todo = status.unfinished;
    for (size_t at = 0; at < status.pending.count; at++) abi_add(&todo, status.pending.items[at]);
    LS_TRY(each(migrations, todo, database, contract_db_migration_up));
    if (applied) *applied = todo;
    return ls_done();
}

// What was applied since it was recorded, in the order in which it is to be taken back.
static ls_result since(const ls_history *history, const ls_history *recorded, ls_list *back) {
    const ls_applied *unfinished = NULL;
    for (size_t at = 0; at < history->count && !unfinished; at++) {
        if (is_unfinished(&history->items[at])) unfinished = &history->items[at];
    }
    if (unfinished && !strcmp(unfinished->state, "unfinished")) {
        return ls_assertion("migration %s is unfinished: go on with it, or restore the backup", unfinished->version);
    }
    ls_list before = ls_history_versions(recorded), now = ls_history_versions(history);
    for (size_t at = 0; at < before.count; at++) {
        if (abi_has(now, before.items[at])) continue;
        return ls_assertion("migration %s was applied when it was recorded, and is not any more: somebody else has migrated", before.items[at]);
    }
    *back = (ls_list){NULL, 0};
    if (unfinished) abi_add(back, unfinished->version);
    for (size_t at = now.count; at-- > 0;) {
        if (!abi_has(before, now.items[at])) abi_add(back, now.items[at]);
    }
    return ls_done();
}

ls_result ls_migrations_down_to(const ls_migrations *migrations, const ls_database *database, const ls_history *recorded, ls_list *back) {
    ls_history history;
    ls_list todo;
    LS_TRY(ls_database_history(database, &history));
    LS_TRY(since(&history, recorded, &todo));
    for (size_t at = 0; at < todo.count; at++) {
        const migration *one;
        LS_TRY(find(migrations, todo.items[at], &one));
        if (!one->down) return ls_assertion("migration %s has no file that goes back: restore the backup", one->version);
    }
    LS_TRY(each(migrations, todo, database, contract_db_migration_down));
    if (back) *back = todo;
    return ls_done();
}
