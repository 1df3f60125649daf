// Backups and migrations: what is asked of the host, and what is made of folders and histories.
#include "host.h"

static const char *message(ls_result result) { return result.failure ? result.failure->message : "no failure"; }
static ls_database shop = {.handle = 5, .id = "main"};

// Backups.

int32_t contract_db_backup_order(const void *id, size_t size) {
    say("order %s", told(id, size));
    return 1;
}

TEXT(contract_db_backup_order_at_least_bytes, "bytes")
NUMBER(contract_db_backup_order_timeout, "timeout")
WORD(contract_db_backup_order_drop, "drop")

void contract_db_backup_order_at_least_rows(int32_t order, const void *table, size_t table_size, const void *rows, size_t size) {
    (void)order;
    say("rows %s, %s", told(table, table_size), told(rows, size));
}

#define WITH(function, word, gives)                                                                                                                   \
    void function(int32_t self, int32_t with, void *into) {                                                                                           \
        (void)self;                                                                                                                                   \
        say(word " %d", with);                                                                                                                        \
        abi_result *result = into;                                                                                                                    \
        if (well(result)) result->as.handle = gives;                                                                                                  \
    }

WITH(contract_db_database_make_backup, "make", 20)
WITH(contract_db_database_backup_in, "in", 21)
WITH(contract_db_database_verify_backup, "verify", 0)
WITH(contract_db_database_restore, "restore", 0)
WITH(contract_db_database_restore_over, "restore over", 0)

int32_t contract_db_backup_artifact(int32_t backup) { return backup + 50; }
void contract_db_backup_database(int32_t backup, void *into) { (void)backup, give(into, "main"); }
void contract_db_backup_engine(int32_t backup, void *into) { (void)backup, give(into, "postgresql"); }
void contract_db_backup_format(int32_t backup, void *into) { (void)backup, give(into, "postgresql-archive"); }
void contract_db_backup_server_version(int32_t backup, void *into) { (void)backup, give(into, "16"); }

void contract_db_backup_tables(int32_t backup, void *into) {
    (void)backup;
    static const abi_text tables[] = {{"public.a", 8}, {"18446744073709551614", 20}, {"0a", 2}, {"public.b", 8}, {"1", 1}, {"0b", 2}};
    *(abi_texts *)into = (abi_texts){tables, 2};
}

void contract_artifact_by_id(const void *id, size_t size, void *into) {
    say("artifact %s", told(id, size));
    *(abi_option *)into = (abi_option){.some = 1, .as.handle = 80};
}

static void a_backup_is_ordered_with_what_it_must_come_to_and_says_what_it_has(void) {
    host_begin();
    ls_backup_order *order = ls_db_backup("before");
    ls_backup_order_at_least_bytes(order, 1ULL << 63);
    ls_backup_order_at_least_rows(order, "public.a", 7);
    ls_backup_order_timeout(order, ls_minutes(1));
    ls_backup backup, named;
    HOLDS(!ls_database_backup(&shop, order, &backup).failure && !ls_database_backup_named(&shop, "before", &named).failure);
    HOLDS(!ls_database_verify_backup(&shop, &backup).failure && !ls_database_restore(&shop, &named).failure);
    HOLDS(!ls_database_restore_over(&shop, &backup).failure);
    SAME(host_said, "order before\nbytes 9223372036854775808\nrows public.a, 7\ntimeout 60000\nmake 1\ndrop\nartifact before\nin 80\nverify 20\nrestore 21\n"
                    "restore over 20\n");
    SAME(ls_format("%d %s %s %s %s", backup.artifact.handle, backup.database, backup.engine, backup.format, backup.server_version),
         "70 main postgresql postgresql-archive 16");
    HOLDS(backup.table_count == 2 && backup.tables[0].rows == UINT64_MAX - 1 && backup.rows == UINT64_MAX);
    SAME(backup.tables[1].name, "public.b");
    SAME(backup.tables[1].checksum, "0b");
    HOLDS(!ls_backup_expect_rows(&backup, "public.b", 1).failure);
    SAME(message(ls_backup_expect_rows(&backup, "public.b", 2)), "table `public.b` has 1 rows in the backup, expected at least 2");
    SAME(message(ls_backup_expect_rows(&backup, "b", 0)), "the backup has no table `b`");
}

// Migrations.

static ls_list folder;            // The names of its files, sorted.
static const char *made[100][2];  // Version and script of each migration that was made.
static int32_t made_count;

void contract_files_entries(const void *path, size_t size, void *into) {
    (void)path, (void)size;
    abi_result *result = into;
    if (well(result)) result->as.texts = abi_list(folder);
}

int32_t contract_db_migration(const void *version, size_t version_size, const void *title, size_t title_size, const void *up, size_t size) {
    (void)title, (void)title_size;
    made[made_count][0] = told(version, version_size);
    made[made_count][1] = told(up, size);
    return made_count++;
}

TEXT(contract_db_migration_down_script, "script")
NUMBER(contract_db_migration_timeout, "timeout")
TEXT(contract_db_migration_without_backup, "without")
void contract_db_migration_drop(int32_t migration) { (void)migration; }
void contract_db_migration_checksum(int32_t migration, void *into) { give(into, ls_format("sum of %s", made[migration][1])); }

static void does_one(const char *what, int32_t migration, void *into) {
    say("%s %s", what, made[migration][0]);
    well(into);
}

void contract_db_migration_up(int32_t migration, int32_t database, void *into) { (void)database, does_one("up", migration, into); }
void contract_db_migration_down(int32_t migration, int32_t database, void *into) { (void)database, does_one("down", migration, into); }

void contract_db_migration_history(int32_t database, void *into) {
    (void)database;
    abi_result *result = into;
    if (well(result)) result->as.handle = HOST_SEEN;
}

// Begins with a folder of these files, each of which has the same script.
#define FOLDER(...) (host_begin(), made_count = 0, host_content = ls_bytes_of("go"), folder = LS_LIST(__VA_ARGS__))

// The database has seen one more.
static void seen(const char *version, const char *state, const char *script) {
    const char *all[] = {version, "a", ls_format("sum of %s", script), state};
    memcpy(host_seen[host_seen_count++], all, sizeof all);
}

static ls_migrations *read_folder(void) {
    ls_migrations *all = NULL;
    HOLDS(!ls_db_migrations("/moves", &all).failure);
    return all;
}

static const char *shown(ls_list list) {
    const char *all = "";
    for (size_t at = 0; at < list.count; at++) all = ls_format("%s %s", all, list.items[at]);
    return all;
}

static void a_folder_is_read_in_the_order_of_its_numbers_and_a_slip_of_a_name_leaves_nothing_out(void) {
    FOLDER("0001_b_c.down.sql", "0001_b_c.up.sql", "0010_a.up.sql", "9_a.up.sql", "notes.txt");
    SAME(shown(ls_migrations_versions(read_folder())), " 0001 9 0010");
    static const char *const slips[] = {"0001.up.sql", "_a.up.sql", "a_b.up.sql", "1_.up.sql", "1_a.sql", "1_a.UP.sql", "-1_a.up.sql", "+1_a.up.sql",
                                        "18446744073709551616_a.up.sql"};
    ls_migrations *none;
    for (size_t at = 0; at < sizeof slips / sizeof *slips; at++) {
        FOLDER(slips[at]);
        SAME(message(ls_db_migrations("/moves", &none)),
             ls_format("/moves/%s is no migration: its name must be VERSION_title.up.sql or VERSION_title.down.sql", slips[at]));
    }
    FOLDER("01_a.down.sql", "1_a.up.sql");
    SAME(message(ls_db_migrations("/moves", &none)), "/moves has two migrations of the number 1");
    FOLDER("1_a.down.sql");
    SAME(message(ls_db_migrations("/moves", &none)), "/moves: migration 1 goes back and has no file that goes up");
}

static void what_is_not_applied_is_and_what_is_unfinished_first(void) {
    FOLDER("1_a.up.sql", "2_a.up.sql", "3_a.down.sql", "3_a.up.sql", "4_a.up.sql");
    seen("1", "applied", "go");
    seen("2", "taken-back", "go");
    seen("3", "unfinished", "go");
    ls_migrations *all = read_folder();
    ls_migrations_timeout(all, ls_secs(5));
    ls_migrations_without_backup(all, "it is new");
    ls_migration_status status;
    HOLDS(!ls_migrations_status(all, &shop, &status).failure && !status.changed.count && !status.missing.count);
    SAME(shown(status.applied), " 1");
    SAME(shown(status.pending), " 2 4");
    SAME(shown(status.unfinished), " 3");
    host_said = "";
    HOLDS(!ls_migrations_up(all, &shop, &folder).failure);
    SAME(shown(folder), " 3 2 4");
    // The first two lines are of the migration whose checksum is compared.
    SAME(host_said, "timeout 5000\nwithout it is new\nscript go\ntimeout 5000\nwithout it is new\nup 3\ntimeout 5000\nwithout it is new\nup 2\ntimeout 5000\n"
                    "without it is new\nup 4\n");
}

static void nothing_is_done_when_a_script_was_changed_or_is_not_there(void) {
    FOLDER("1_a.up.sql", "2_a.up.sql");
    seen("1", "applied", "another");
    SAME(message(ls_migrations_up(read_folder(), &shop, NULL)), "migration 1 was changed after it had been applied: write a new one");
    FOLDER("1_a.up.sql", "2_a.up.sql");
    seen("7", "applied", "go");
    SAME(message(ls_migrations_up(read_folder(), &shop, NULL)), "migration 7 is applied, and there is no file of it");
    SAME(host_said, "");
}

static void the_way_back_leads_to_what_was_recorded(void) {
    FOLDER("1_a.up.sql", "2_a.down.sql", "2_a.up.sql", "3_a.down.sql", "3_a.up.sql");
    ls_migrations *all = read_folder();
    ls_history recorded, none = {NULL, 0};
    seen("1", "applied", "go");
    HOLDS(!ls_database_history(&shop, &recorded).failure);
    static const char *const last[] = {"applied", "unfinished-back"};
    for (int at = 0; at < 2; at++) {
        host_seen_count = 1;
        seen("2", "applied", "go");
        seen("3", last[at], "go");
        host_said = "";
        HOLDS(!ls_migrations_down_to(all, &shop, &recorded, &folder).failure);
        SAME(shown(folder), " 3 2");
        SAME(host_said, "script go\ndown 3\nscript go\ndown 2\n");
    }
    host_said = "";
    host_seen_count = 2;
    SAME(message(ls_migrations_down_to(all, &shop, &none, NULL)), "migration 1 has no file that goes back: restore the backup");
    host_seen_count = 1;
    seen("2", "unfinished", "go");
    SAME(message(ls_migrations_down_to(all, &shop, &recorded, NULL)), "migration 2 is unfinished: go on with it, or restore the backup");
    host_seen_count = 1;
    seen("7", "applied", "go");
    SAME(message(ls_migrations_down_to(all, &shop, &recorded, NULL)), "migration 7 is applied, and there is no file of it");
    host_seen_count = 0;
    seen("2", "applied", "go");
    SAME(message(ls_migrations_down_to(all, &shop, &recorded, NULL)),
         "migration 1 was applied when it was recorded, and is not any more: somebody else has migrated");
    SAME(host_said, "");
}

static void a_history_becomes_json_and_back(void) {
    host_begin();
    seen("1", "applied", "\"");
    seen("2", "taken-back", "");
    ls_history told, read;
    HOLDS(!ls_database_history(&shop, &told).failure);
    const char *json = ls_history_json(&told);
    SAME(json, "[{\"version\":\"1\",\"title\":\"a\",\"checksum\":\"sum of \\\"\",\"state\":\"applied\"},"
               "{\"version\":\"2\",\"title\":\"a\",\"checksum\":\"sum of \",\"state\":\"taken-back\"}]");
    HOLDS(!ls_history_parse(json, &read).failure && read.count == 2);
    SAME(ls_history_json(&read), json);
    SAME(shown(ls_history_versions(&read)), " 1");
    HOLDS(!ls_history_parse("[]", &read).failure && read.count == 0);
    SAME(message(ls_history_parse("{}", &read)), "what was recorded must be what `ls_history_json` gave");
    HOLDS(ls_history_parse("[{\"version\":1}]", &read).failure != NULL);
}

void moved_tests(void) {
    a_backup_is_ordered_with_what_it_must_come_to_and_says_what_it_has();
    a_folder_is_read_in_the_order_of_its_numbers_and_a_slip_of_a_name_leaves_nothing_out();
    what_is_not_applied_is_and_what_is_unfinished_first();
    nothing_is_done_when_a_script_was_changed_or_is_not_there();
    the_way_back_leads_to_what_was_recorded();
    a_history_becomes_json_and_back();
}
