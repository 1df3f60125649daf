// Releases a change of a database: its migrations are applied, the rows are counted before and after, and what was applied is taken back when a count is wrong,
// by the migrations' own files or by the backup, as the operator has chosen: one of the two, never both.
#include <lockstep.h>

#include <stdlib.h>
#include <string.h>

#define OLD_ROWS "SELECT count(*) AS orders FROM orders WHERE email IS NOT NULL"

#define BACKUP "before-release"
// A database with a table in it does not become smaller.
#define SMALLEST_BACKUP 100

// Every step asks again which engine it is: a run may be resumed under another grant.
static ls_result open_shop(const ls_ctx *ctx, ls_database *shop) {
    const char *engine;
    LS_TRY(ls_db_open("shop", shop));
    LS_TRY(ls_ctx_parameter(ctx, "engine", &engine));
    return ls_database_expect_engine(shop, engine);
}

// Why no backup is needed, if somebody has said so; else NULL.
static ls_result no_backup(const ls_ctx *ctx, const char **reason) {
    LS_TRY(ls_ctx_parameter(ctx, "no-backup", reason));
    if (!**reason) *reason = NULL;
    return ls_done();
}

static ls_result by_backup(const ls_ctx *ctx, bool *is) {
    const char *way;
    LS_TRY(ls_ctx_parameter(ctx, "way-back", &way));
    *is = !strcmp(way, "backup");
    return ls_done();
}

static ls_result of_the_release(const ls_ctx *ctx, ls_migrations **all) {
    const char *reason;
    LS_TRY(ls_db_migrations("/migrations", all));
    LS_TRY(no_backup(ctx, &reason));
    if (reason) ls_migrations_without_backup(*all, reason);
    return ls_done();
}

// The versions with commas between them.
static const char *joined(ls_list versions) {
    const char *all = "";
    for (size_t at = 0; at < versions.count; at++) all = ls_format("%s%s%s", all, at ? ", " : "", versions.items[at]);
    return all;
}

static ls_result engine(const ls_ctx *ctx) {
    ls_database shop;
    LS_TRY(open_shop(ctx, &shop));
    return ls_database_ping(&shop);
}

static ls_result record(const ls_ctx *ctx) {
    bool restores;
    const char *reason;
    LS_TRY(by_backup(ctx, &restores));
    LS_TRY(no_backup(ctx, &reason));
    LS_ENSURE(!restores || !reason, "the way back is the backup, and there is to be none: leave `no-backup` or `way-back` out");
    ls_database shop;
    ls_history history;
    LS_TRY(open_shop(ctx, &shop));
    LS_TRY(ls_database_history(&shop, &history));
    return ls_json(ls_history_json(&history));
}

static ls_result count(const ls_ctx *ctx) {
    ls_database shop;
    const ls_rows *rows;
    const char *orders;
    LS_TRY(open_shop(ctx, &shop));
    LS_TRY(ls_database_query(&shop, ls_db_sql(OLD_ROWS), &rows));
    LS_TRY(ls_rows_value(rows, &orders));
    return ls_json(orders);
}

static ls_result back_up(const ls_ctx *ctx) {
    const char *reason;
    LS_TRY(no_backup(ctx, &reason));
    if (reason) return ls_done();
    ls_database shop;
    ls_backup backup;
    ls_backup_order *order = ls_db_backup(BACKUP);
    ls_backup_order_at_least_bytes(order, SMALLEST_BACKUP);
    LS_TRY(open_shop(ctx, &shop));
    LS_TRY(ls_database_backup(&shop, order, &backup));
    ls_info("%llu rows are kept in " BACKUP, (unsigned long long)backup.rows);
    return ls_done();
}

static ls_result try_backup(const ls_ctx *ctx) {
    const char *reason;
    LS_TRY(no_backup(ctx, &reason));
    if (reason) return ls_done();
    ls_database shop;
    ls_backup backup;
    LS_TRY(open_shop(ctx, &shop));
    LS_TRY(ls_database_backup_named(&shop, BACKUP, &backup));
    return ls_database_verify_backup(&shop, &backup);
}

static ls_result migrate(const ls_ctx *ctx) {
    ls_migrations *all;
    ls_database shop;
    ls_list applied;
    LS_TRY(of_the_release(ctx, &all));
    LS_TRY(open_shop(ctx, &shop));
    LS_TRY(ls_migrations_up(all, &shop, &applied));
    ls_info("applied: %s", joined(applied));
    const char *json = "";
    for (size_t at = 0; at < applied.count; at++) json = ls_format("%s%s%s", json, at ? "," : "", ls_json_text(applied.items[at]));
    return ls_json(ls_format("[%s]", json));
}

// To what was recorded, not a number of steps back: it does not matter how far `migrate` came.
static ls_result go_back(const ls_ctx *ctx) {
    ls_database shop;
    const char *json;
    bool restores;
    ls_history recorded, now;
    LS_TRY(open_shop(ctx, &shop));
    LS_TRY(ls_ctx_output(ctx, "record", &json));
    LS_TRY(ls_history_parse(json, &recorded));
    LS_TRY(by_backup(ctx, &restores));
    if (!restores) {
        ls_migrations *all;
        ls_list back;
        LS_TRY(of_the_release(ctx, &all));
        LS_TRY(ls_migrations_down_to(all, &shop, &recorded, &back));
        ls_info("taken back: %s", joined(back));
        return ls_done();
    }
    LS_TRY(ls_database_history(&shop, &now));
    // Where nothing was migrated there is nothing to put back, and what others have written since the backup stays.
    if (!strcmp(ls_history_json(&now), ls_history_json(&recorded))) return ls_done();
    ls_backup backup;
    LS_TRY(ls_database_backup_named(&shop, BACKUP, &backup));
    LS_TRY(ls_database_restore_over(&shop, &backup));
    ls_info(BACKUP " is in the place of everything that was there");
    return ls_done();
}

static ls_result gate(const ls_ctx *ctx) {
    ls_database shop;
    const ls_rows *rows;
    const char *counted;
    int64_t old, now, expected;
    LS_TRY(open_shop(ctx, &shop));
    const char *counts = "SELECT (SELECT count(*) FROM orders WHERE email IS NOT NULL) AS old_rows, (SELECT count(*) FROM contacts) AS new_rows";
    LS_TRY(ls_database_query(&shop, ls_db_sql(counts), &rows));
    LS_ENSURE(rows->count == 1, "%zu rows came back, expected one", rows->count);
    LS_TRY(ls_ctx_output(ctx, "count", &counted));
    LS_TRY(ls_rows_integer(rows, 0, "old_rows", &old));
    LS_TRY(ls_rows_integer(rows, 0, "new_rows", &now));
    int64_t before = strtoll(counted, NULL, 10);
    LS_ENSURE(old == now, "%lld orders have an address, and %lld are in `contacts`", (long long)old, (long long)now);
    LS_ENSURE(now >= before, "%lld orders had an address, and %lld are in `contacts`", (long long)before, (long long)now);
    LS_TRY(ls_ctx_parameter_number(ctx, "expected", &expected));
    LS_ENSURE(expected == 0 || expected == now, "%lld addresses are in `contacts`, expected %lld", (long long)now, (long long)expected);
    return ls_number(now);
}

LOCKSTEP_PROCEDURE(p) {
    ls_describe(p, "database-release", "0.1.0", .title = "Give the e-mail addresses of orders a table of their own");
    ls_parameter(p, "engine", .title = "What the database is", .choices = LS_LIST("postgresql", "mariadb", "sqlite"), .fallback = "postgresql");
    ls_parameter(p, "no-backup", .title = "Why no backup of this run is needed; without a reason there must be one", .fallback = "");
    ls_parameter(p, "expected", .title = "How many addresses there must be afterwards; 0 for as many as were counted", .fallback = "0");
    ls_parameter(p, "way-back",
                 .title = "How a release that fails is taken back: by what each migration has for it, or by the backup, which takes back what others wrote since as well",
                 .choices = LS_LIST("migrations", "backup"), .fallback = "migrations");

    ls_phase(p, "Pre-flight");
    ls_step(p, "engine", "The database is what the release was written for, and answers", engine);
    ls_step(p, "record", "What is applied by now is recorded: the way back leads there", record);
    ls_step(p, "count", "The orders that have an address are counted", count);
    ls_phase(p, "Backup");
    ls_step(p, "back-up", "The whole database is copied into an artifact, unless there is a reason why not", back_up);
    ls_step(p, "try-backup", "The copy is restored into a scratch database, and has every row in it", try_backup);
    ls_phase(p, "Migration");
    ls_step(p, "migrate", "Every migration of the release is applied", migrate, .undo = go_back);
    ls_phase(p, "Data gate");
    ls_step(p, "gate", "There are as many addresses as orders that have one", gate);
}
