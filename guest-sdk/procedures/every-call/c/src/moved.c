// Backups and migrations.
#include "steps.h"

#include <string.h>

static ls_result tell(const ls_backup *made) {
    ls_info("%s %s %s %s", made->database, made->engine, made->format, made->server_version);
    for (size_t at = 0; at < made->table_count; at++) {
        const ls_backup_table *table = &made->tables[at];
        ls_info("%s %llu %s", table->name, (unsigned long long)table->rows, table->checksum);
    }
    const char *text;
    LS_TRY(ls_artifact_text(&made->artifact, &text));
    ls_info("%llu %s", (unsigned long long)made->rows, text);
    return ls_done();
}

static ls_result backups(const ls_database *shop) {
    ls_backup_order *order = ls_db_backup("before"), *small = ls_db_backup("small");
    ls_backup_order_at_least_bytes(order, 1);
    ls_backup_order_at_least_rows(order, "public.ü", 1ULL << 62);
    ls_backup_order_timeout(order, ls_minutes(1));
    ls_backup made, named, other;
    LS_TRY(ls_database_backup(shop, order, &made));
    LS_TRY(tell(&made));
    LS_TRY(ls_backup_expect_rows(&made, "public.things", 2));
    refused("too few rows", ls_backup_expect_rows(&made, "public.things", 3));
    refused("no such table", ls_backup_expect_rows(&made, "things", 1));
    LS_TRY(ls_database_backup_named(shop, "before", &named));
    LS_ENSURE(!strcmp(named.artifact.digest, made.artifact.digest), "another backup came back");
    LS_TRY(ls_database_verify_backup(shop, &named));
    LS_TRY(ls_database_restore_over(shop, &named));
    refused("a database that is not empty", ls_database_restore(shop, &named));
    ls_backup_order_at_least_rows(small, "public.none", 1);
    refused("too few rows to keep", ls_database_backup(shop, small, &other));
    ls_artifact odd;
    LS_TRY(ls_artifact_by_id("odd", &odd));
    refused("no backup", ls_database_backup_in(shop, &odd, &other));
    return ls_done();
}

// Says which migrations were concerned.
static void concerned(ls_list versions) {
    const char *all = "";
    for (size_t at = 0; at < versions.count; at++) all = ls_format("%s%s%s", all, at ? " " : "", versions.items[at]);
    ls_info("%s", all);
}

static ls_result moves(const ls_database *shop, const ls_history *recorded) {
    ls_migrations *all;
    ls_list versions;
    LS_TRY(ls_db_migrations("/migrations", &all));
    ls_migrations_timeout(all, ls_secs(5));
    concerned(ls_migrations_versions(all));
    LS_TRY(ls_migrations_up(all, shop, &versions));
    concerned(versions);
    LS_TRY(ls_migrations_down_to(all, shop, recorded, &versions));
    concerned(versions);
    ls_migrations_without_backup(all, "the \"first\" one of ü was tried");
    LS_TRY(ls_migrations_up(all, shop, NULL));
    ls_migration_status stand;
    LS_TRY(ls_migrations_status(all, shop, &stand));
    ls_info("%zu %zu %zu %zu %zu", stand.applied.count, stand.pending.count, stand.changed.count, stand.missing.count, stand.unfinished.count);
    return ls_done();
}

ls_result forward(const ls_ctx *ctx) {
    ls_database shop;
    ls_history recorded, now;
    LS_TRY(ls_db_open("main", &shop));
    LS_TRY(ls_database_history(&shop, &recorded));
    LS_TRY(ls_ctx_remember(ctx, "recorded", ls_history_json(&recorded)));
    ls_migrations *all;
    LS_TRY(ls_db_migrations("/migrations", &all));
    refused("no backup was tried", ls_migrations_up(all, &shop, NULL));
    LS_TRY(backups(&shop));
    LS_TRY(moves(&shop, &recorded));
    refused("a slip of a name", ls_db_migrations("/migrations/slips", &all));
    LS_TRY(ls_database_history(&shop, &now));
    return ls_json(ls_history_json(&now));
}

ls_result back(const ls_ctx *ctx) {
    const char *json = ls_ctx_recall(ctx, "recorded");
    if (!json) return ls_done();
    ls_history recorded;
    LS_TRY(ls_history_parse(json, &recorded));
    ls_migrations *all;
    ls_database shop;
    ls_list versions;
    LS_TRY(ls_db_migrations("/migrations", &all));
    LS_TRY(ls_db_open("main", &shop));
    LS_TRY(ls_migrations_down_to(all, &shop, &recorded, &versions));
    concerned(versions);
    return ls_done();
}
