// Stores and databases.
#include "steps.h"

#include <string.h>

static const uint8_t RAW[] = {0, 255, 10};
#define ALL_RAW ((ls_bytes){RAW, sizeof RAW})

// Sends a command.
static ls_result ran(const ls_store *cache, ls_list words) {
    ls_reply reply;
    return ls_store_run(cache, words, &reply);
}

static void refused_by_store(const ls_store *cache, const ls_reply *none) {
    const char *text;
    ls_bytes bytes;
    int64_t number;
    refused("a text of nothing", ls_reply_text(none, &text));
    refused("bytes of nothing", ls_reply_bytes(none, &bytes));
    refused("a number of nothing", ls_reply_integer(none, &number));
    refused("a list", ran(cache, LS_LIST("GET", "app:list")));
    refused("another's key", ran(cache, LS_LIST("GET", "other")));
    refused("all keys", ran(cache, LS_LIST("FLUSHDB")));
    refused("no command", ran(cache, LS_NONE));
    refused("nobody knows", ran(cache, LS_LIST("INCR", "app:slow")));
    ls_store other;
    refused("no store", ls_redis_open("none", &other));
}

static ls_result commands(const char *most) {
    ls_store cache;
    LS_TRY(ls_redis_open("cache", &cache));
    ls_store_timeout(&cache, ls_secs(1));
    uint32_t took;
    const char *usual, *memory;
    LS_TRY(ls_store_ping(&cache, &took));
    LS_TRY(ls_store_info(&cache, "", &usual));
    LS_TRY(ls_store_info(&cache, "memory", &memory));
    ls_info("%u %s %s", (unsigned)took, usual, memory);
    ls_reply reply;
    LS_TRY(ls_store_run(&cache, LS_LIST("SET", "app:most", most), &reply));
    LS_TRY(ls_reply_expect(&reply, "\"OK\""));
    const ls_bytes words[] = {ls_bytes_of("SET"), ls_bytes_of("app:ü"), ALL_RAW};
    LS_TRY(ls_store_run_bytes(&cache, words, 3, &reply));
    LS_TRY(ls_reply_expect(&reply, "\"OK\""));
    int64_t number;
    LS_TRY(ls_store_run(&cache, LS_LIST("GET", "app:most"), &reply));
    LS_TRY(ls_reply_integer(&reply, &number));
    LS_ENSURE(number == INT64_MAX, "another number came back");
    LS_TRY(ls_store_run(&cache, LS_LIST("GET", "app:none"), &reply));
    LS_ENSURE(ls_reply_is_nil(&reply), "something came back");
    refused_by_store(&cache, &reply);
    return ls_done();
}

static ls_result replies(void) {
    ls_store cache;
    ls_reply list, part[6], none;
    LS_TRY(ls_redis_open("cache", &cache));
    LS_TRY(ls_store_run(&cache, LS_LIST("LRANGE", "app:list", "0", "-1"), &list));
    for (uint32_t at = 0; at < ls_reply_count(&list); at++) LS_TRY(ls_reply_part(&list, at, &part[at]));
    LS_TRY(ls_reply_expect(&part[4], "[\"deep\",0.5]"));
    LS_TRY(ls_reply_expect(&part[5], "{\"size\":1}"));
    int64_t number;
    ls_bytes bytes;
    LS_TRY(ls_reply_integer(&part[2], &number));
    LS_TRY(ls_reply_bytes(&part[0], &bytes));
    LS_ENSURE(number == INT64_MIN, "another number came back");
    LS_ENSURE(bytes.size == 2 && !memcmp(bytes.data, "ü", 2), "another text came back");
    for (int at = 0; at < 6; at++) ls_info("%s %u", ls_reply_kind(&part[at]), (unsigned)ls_reply_count(&part[at]));
    const char *first, *second, *third;
    LS_TRY(ls_reply_text(&part[0], &first));
    LS_TRY(ls_reply_text(&part[1], &second));
    LS_TRY(ls_reply_text(&part[3], &third));
    ls_info("%s %s %s", first, second, third);
    refused("no such part", ls_reply_part(&list, 6, &none));
    refused("no number", ls_reply_integer(&part[0], &number));
    for (int at = 0; at < 6; at++) ls_reply_drop(&part[at]);
    return ls_done();
}

static ls_result keys(void) {
    ls_store cache;
    ls_scanned found;
    LS_TRY(ls_redis_open("cache", &cache));
    LS_TRY(ls_store_scan(&cache, ls_bytes_of("app:ü"), 10, &found));
    for (size_t at = 0; at < found.count; at++) ls_info("%.*s", (int)found.keys[at].size, (const char *)found.keys[at].data);
    ls_info("%u %u", (unsigned)found.total, (unsigned)found.slowest);
    uint32_t deleted;
    LS_TRY(ls_store_delete_by_prefix(&cache, ls_bytes_of("app:ü"), 100000, &deleted));
    ls_info("%u", (unsigned)deleted);
    refused("too many", ls_store_scan(&cache, ls_bytes_of("app:many:"), 1, &found));
    refused("more than any", ls_store_scan(&cache, ls_bytes_of("app:many:"), UINT32_MAX, &found));
    refused("all of them", ls_store_delete_by_prefix(&cache, ls_bytes_of(""), 1, &deleted));
    return ls_done();
}

static ls_result insert(const ls_database *shop, const char *most) {
    ls_statement *values = ls_db_sql("INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id");
    ls_statement_bind_null(values);
    ls_statement_bind_boolean(values, true);
    ls_statement_bind_integer(values, INT64_MIN);
    ls_statement_bind_digits(values, "18446744073709551615");
    ls_statement_bind_float(values, 0.5);
    ls_statement_bind_decimal(values, "-0.10");
    ls_statement_bind_text(values, "ü € 𝄞");
    ls_statement_bind_bytes(values, ALL_RAW);
    ls_statement_bind_timestamp(values, "2026-01-05T09:00:00.000001Z");
    ls_statement_bind_json(values, ls_format("{\"most\":%s}", most));
    ls_statement_bind_text(values, "");
    ls_statement_timeout(values, ls_secs(5));
    ls_statement_idempotent(values);
    const ls_db_done *made;
    LS_TRY(ls_database_execute(shop, values, &made));
    LS_TRY(ls_done_expect_rows(made, 1));
    const char *id;
    LS_TRY(ls_rows_value(made->returned, &id));
    ls_info("%llu %s", (unsigned long long)made->rows, id);
    return ls_done();
}

static ls_statement *update(void) {
    ls_statement *update = ls_db_sql("UPDATE things SET note = $1 WHERE id = $2");
    ls_statement_bind_text(update, "seen");
    ls_statement_bind_integer(update, 1);
    return update;
}

static ls_statement *note(void) {
    ls_statement *note = ls_db_sql("INSERT INTO notes VALUES ($1)");
    ls_statement_bind_text(note, "noted");
    return note;
}

static ls_result commit(const ls_database *shop) {
    ls_transaction *change = ls_db_transaction(), *other = ls_db_transaction();
    ls_transaction_add(change, update());
    ls_transaction_expect_rows(change, 3);
    ls_transaction_add(change, note());
    ls_transaction_timeout(change, ls_secs(5));
    ls_transaction_idempotent(change);
    const ls_db_done *done;
    LS_TRY(ls_database_commit(shop, change, &done));
    ls_info("[%llu, %llu]", (unsigned long long)done->all_rows[0], (unsigned long long)done->all_rows[1]);
    ls_transaction_add(other, note());
    ls_transaction_add(other, update());
    ls_transaction_expect_rows(other, 2);
    refused("other rows", ls_database_commit(shop, other, NULL));
    return ls_done();
}

static ls_result tell(const ls_rows *rows, size_t row) {
    int64_t id;
    const char *exact, *share, *there, *note, *at, *raw;
    ls_bytes bytes;
    LS_TRY(ls_rows_integer(rows, row, "id", &id));
    LS_TRY(ls_rows_text(rows, row, "exact", &exact));
    LS_TRY(ls_rows_text(rows, row, "share", &share));
    LS_TRY(ls_rows_text(rows, row, "there", &there));
    LS_TRY(ls_rows_text(rows, row, "note", &note));
    LS_TRY(ls_rows_text(rows, row, "at", &at));
    LS_TRY(ls_rows_text(rows, row, "raw", &raw));
    LS_TRY(ls_rows_bytes(rows, row, "raw", &bytes));
    ls_info("%lld %s", (long long)id, exact);
    ls_info("%s %s", *share == '-' ? "true" : "false", there);
    ls_info("%s %s", note ? note : "NULL", at);
    ls_info("%s %zu", raw, bytes.size);
    return ls_done();
}

static ls_result rows(const ls_database *shop, const char *most) {
    ls_statement *all = ls_db_sql("SELECT * FROM things WHERE id <> $1");
    ls_statement_bind_integer(all, 3);
    ls_statement_limit_rows(all, 2);
    const ls_rows *found;
    LS_TRY(ls_database_query(shop, all, &found));
    const char *columns = "", *doc;
    for (size_t at = 0; at < found->column_count; at++) {
        const ls_column *column = &found->columns[at];
        columns = ls_format("%s%s%s %s %s", columns, at ? ", " : "", column->label, column->kind, column->declared);
    }
    ls_info("%s %zu %s", columns, found->count, found->truncated ? "true" : "false");
    for (size_t at = 0; at < found->count; at++) LS_TRY(tell(found, at));
    LS_TRY(ls_rows_text(found, 0, "doc", &doc));
    LS_TRY(ls_json_expect("the document", doc, "/most", most));
    ls_bytes raw;
    LS_TRY(ls_rows_bytes(found, 0, "raw", &raw));
    LS_ENSURE(raw.size == sizeof RAW && !memcmp(raw.data, RAW, sizeof RAW), "other bytes came back");
    refused("no such column", ls_rows_text(found, 0, "none", &doc));
    refused("not one row", ls_rows_value(found, &doc));
    return ls_done();
}

static ls_result queried(const ls_database *shop, const char *sql) {
    const ls_rows *rows;
    return ls_database_query(shop, ls_db_sql(sql), &rows);
}

static void refused_by_database(const ls_database *shop) {
    ls_statement *twice = ls_db_sql("INSERT INTO notes VALUES ($1, $1)"), *slow = ls_db_sql("UPDATE slow SET a = $1 WHERE b = $1");
    ls_statement *never = ls_db_sql("SELECT $1");
    ls_statement_bind_text(twice, "twice");
    ls_statement_bind_integer(slow, 1);
    ls_statement_timeout(slow, ls_secs(1));
    ls_statement_bind_timestamp(never, "yesterday");
    refused("there already", ls_database_execute(shop, twice, NULL));
    refused("nobody knows", ls_database_execute(shop, slow, NULL));
    refused("all rows", ls_database_execute(shop, ls_db_sql("DELETE FROM things"), NULL));
    refused("two statements", queried(shop, "SELECT 1; SELECT 2"));
    refused("no statement", queried(shop, ""));
    const ls_rows *rows;
    refused("an instant that is none", ls_database_query(shop, never, &rows));
    ls_database other;
    refused("no database", ls_db_open("none", &other));
}

ls_result store(const ls_ctx *ctx) {
    const char *numbers, *most;
    LS_TRY(ls_ctx_output(ctx, "numbers", &numbers));
    LS_TRY(ls_json_at("numbers", numbers, "/1", &most));
    LS_TRY(commands(most));
    LS_TRY(replies());
    LS_TRY(keys());
    ls_database shop;
    LS_TRY(ls_db_open("main", &shop));
    LS_TRY(ls_database_expect_engine(&shop, "postgresql"));
    LS_TRY(ls_database_ping(&shop));
    LS_TRY(insert(&shop, most));
    LS_TRY(commit(&shop));
    LS_TRY(rows(&shop, most));
    refused_by_database(&shop);
    return ls_done();
}
