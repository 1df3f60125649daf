// Databases that the grant names: statements and transactions.
#include "rows.h"

#include <stdlib.h>

// A value for a placeholder.
typedef struct {
    enum { NOTHING, BOOLEAN, INTEGER, FLOAT, DECIMAL, TEXT, BYTES, TIMESTAMP, JSON } kind;
    ls_bytes text; // Of all kinds that go as text or bytes.
    double number; // Of a number of floating point, and of a flag.
} value;

struct ls_statement {
    const char *text;
    value *values;
    size_t count;
    ls_duration timeout;
    bool timed, limited, idempotent;
    uint32_t limit;
};

// A statement of a transaction, and how many rows it must concern.
typedef struct {
    const ls_statement *statement;
    bool expects;
    uint32_t rows;
} part;

struct ls_transaction {
    part *parts;
    size_t count;
    ls_duration timeout;
    bool timed, idempotent;
};

ls_result ls_db_open(const char *id, ls_database *database) {
    abi_result opened;
    contract_db_database_open(ABI_TEXT(id), &opened);
    LS_TRY(abi_given(&opened));
    *database = (ls_database){opened.as.handle, id};
    return ls_done();
}

ls_statement *ls_db_sql(const char *text) {
    ls_statement *statement = ls_alloc(sizeof *statement);
    statement->text = text;
    return statement;
}

static void bind(ls_statement *statement, value bound) {
    statement->values = abi_grown(statement->values, statement->count, sizeof *statement->values);
    statement->values[statement->count++] = bound;
}

static void bind_text(ls_statement *statement, int kind, const char *text) {
    if (!text) kind = NOTHING;
    bind(statement, (value){.kind = kind, .text = text ? ls_bytes_of(text) : (ls_bytes){NULL, 0}});
}

void ls_statement_bind_null(ls_statement *statement) { bind(statement, (value){.kind = NOTHING}); }
void ls_statement_bind_boolean(ls_statement *statement, bool flag) { bind(statement, (value){.kind = BOOLEAN, .number = flag}); }
void ls_statement_bind_float(ls_statement *statement, double number) { bind(statement, (value){.kind = FLOAT, .number = number}); }
void ls_statement_bind_digits(ls_statement *statement, const char *digits) { bind_text(statement, INTEGER, digits); }
void ls_statement_bind_integer(ls_statement *statement, int64_t number) { bind_text(statement, INTEGER, ls_format("%lld", (long long)number)); }
void ls_statement_bind_decimal(ls_statement *statement, const char *digits) { bind_text(statement, DECIMAL, digits); }
void ls_statement_bind_text(ls_statement *statement, const char *text) { bind_text(statement, TEXT, text); }
void ls_statement_bind_text_of(ls_statement *statement, ls_bytes text) { bind(statement, (value){.kind = TEXT, .text = text}); }
void ls_statement_bind_bytes(ls_statement *statement, ls_bytes bytes) { bind(statement, (value){.kind = BYTES, .text = bytes}); }
void ls_statement_bind_timestamp(ls_statement *statement, const char *instant) { bind_text(statement, TIMESTAMP, instant); }
void ls_statement_bind_json(ls_statement *statement, const char *json) { bind_text(statement, JSON, json); }
void ls_statement_idempotent(ls_statement *statement) { statement->idempotent = true; }

void ls_statement_timeout(ls_statement *statement, ls_duration longest) {
    statement->timed = true;
    statement->timeout = longest;
}

void ls_statement_limit_rows(ls_statement *statement, uint32_t rows) {
    statement->limited = true;
    statement->limit = rows;
}

static void say(int32_t made, const value *bound) {
    const uint8_t *data = bound->text.data;
    size_t size = bound->text.size;
    switch (bound->kind) {
    case NOTHING: contract_db_statement_bind_null(made); break;
    case BOOLEAN: contract_db_statement_bind_boolean(made, bound->number != 0); break;
    case INTEGER: contract_db_statement_bind_integer(made, data, size); break;
    case FLOAT: contract_db_statement_bind_float(made, bound->number); break;
    case DECIMAL: contract_db_statement_bind_decimal(made, data, size); break;
    case TEXT: contract_db_statement_bind_text(made, data, size); break;
    case BYTES: contract_db_statement_bind_bytes(made, data, size); break;
    case TIMESTAMP: contract_db_statement_bind_timestamp(made, data, size); break;
    case JSON: contract_db_statement_bind_json(made, data, size); break;
    }
}

// In the host's words.
static int32_t ready(const ls_statement *statement) {
    int32_t made = contract_db_statement(ABI_TEXT(statement->text));
    for (size_t at = 0; at < statement->count; at++) say(made, &statement->values[at]);
    if (statement->timed) contract_db_statement_timeout(made, abi_millis(statement->timeout));
    if (statement->limited) contract_db_statement_limit_rows(made, (int32_t)statement->limit);
    if (statement->idempotent) contract_db_statement_idempotent(made);
    return made;
}

ls_transaction *ls_db_transaction(void) { return ls_alloc(sizeof(ls_transaction)); }
void ls_transaction_idempotent(ls_transaction *transaction) { transaction->idempotent = true; }

void ls_transaction_add(ls_transaction *transaction, const ls_statement *statement) {
    transaction->parts = abi_grown(transaction->parts, transaction->count, sizeof *transaction->parts);
    transaction->parts[transaction->count++] = (part){statement, false, 0};
}

void ls_transaction_expect_rows(ls_transaction *transaction, uint32_t rows) {
    if (!transaction->count) return;
    part *last = &transaction->parts[transaction->count - 1];
    last->expects = true;
    last->rows = rows;
}

void ls_transaction_timeout(ls_transaction *transaction, ls_duration longest) {
    transaction->timed = true;
    transaction->timeout = longest;
}

const char *ls_database_engine(const ls_database *database) {
    abi_text engine;
    contract_db_database_engine(database->handle, &engine);
    return engine.data;
}

ls_result ls_database_expect_engine(const ls_database *database, const char *engine) {
    const char *found = ls_database_engine(database);
    if (!strcmp(found, engine)) return ls_done();
    return ls_assertion("database `%s` is %s, expected %s", database->id, found, engine);
}

ls_result ls_database_ping(const ls_database *database) {
    abi_result answered;
    contract_db_database_ping(database->handle, &answered);
    return abi_given(&answered);
}

ls_result ls_database_query(const ls_database *database, const ls_statement *statement, const ls_rows **rows) {
    int32_t made = ready(statement);
    abi_result found;
    contract_db_database_query(database->handle, made, &found);
    contract_db_statement_drop(made);
    LS_TRY(abi_given(&found));
    ls_rows *read = ls_alloc(sizeof *read);
    *read = rows_of(found.as.handle);
    *rows = read;
    return ls_done();
}

static ls_result came(const abi_result *given, const ls_db_done **done) {
    LS_TRY(abi_given(given));
    int32_t handle = given->as.handle;
    size_t count = (uint32_t)contract_db_done_count(handle);
    uint64_t *all = ls_alloc((count + 1) * sizeof *all);
    ls_rows *returned = ls_alloc((count + 1) * sizeof *returned);
    for (size_t at = 0; at < count; at++) {
        abi_text affected;
        contract_db_done_affected(handle, (int32_t)at, &affected);
        all[at] = strtoull(affected.data, NULL, 10);
        returned[at] = rows_of(contract_db_done_returned(handle, (int32_t)at));
    }
    contract_db_done_drop(handle);
    ls_db_done *made = ls_alloc(sizeof *made);
    *made = (ls_db_done){count, all[0], all, returned};
    if (done) *done = made;
    return ls_done();
}

ls_result ls_database_execute(const ls_database *database, const ls_statement *statement, const ls_db_done **done) {
    int32_t made = ready(statement);
    abi_result given;
    contract_db_database_execute(database->handle, made, &given);
    contract_db_statement_drop(made);
    return came(&given, done);
}

ls_result ls_database_commit(const ls_database *database, const ls_transaction *transaction, const ls_db_done **done) {
    int32_t made = contract_db_transaction();
    for (size_t at = 0; at < transaction->count; at++) {
        const part *added = &transaction->parts[at];
        int32_t statement = ready(added->statement);
        contract_db_transaction_add(made, statement);
        contract_db_statement_drop(statement);
        if (added->expects) contract_db_transaction_expect_rows(made, (int32_t)added->rows);
    }
    if (transaction->timed) contract_db_transaction_timeout(made, abi_millis(transaction->timeout));
    if (transaction->idempotent) contract_db_transaction_idempotent(made);
    abi_result given;
    contract_db_database_commit(database->handle, made, &given);
    contract_db_transaction_drop(made);
    return came(&given, done);
}

ls_result ls_done_expect_rows(const ls_db_done *done, uint64_t rows) {
    if (done->rows == rows) return ls_done();
    return ls_assertion("%llu rows were concerned, expected %llu", (unsigned long long)done->rows, (unsigned long long)rows);
}
