// Stores, databases and clusters, and what requests and commands have beside the usual.
#include "host.h"

static const char *far_kept[4][2]; // What the step remembers.
static const char *far_object;     // How every object stands; NULL when it is not there.
static const char *far_cell;       // Every value; NULL for NULL.
static const char *far_kind;       // The kind of every column.
static const char *far_reply;      // What every reply is.

static const char *message(ls_result result) { return result.failure ? result.failure->message : "no failure"; }

static int32_t begun(const char *what, const char *texts) {
    say("%s %s", what, texts);
    return 1;
}

static void opened(const char *what, const void *id, size_t size, void *into) {
    say("%s %s", what, told(id, size));
    abi_result *result = into;
    if (well(result)) result->as.handle = 5;
}

static void handle(const char *what, void *into) {
    say("%s", what);
    abi_result *result = into;
    if (well(result)) result->as.handle = 6;
}

// Requests and commands.

void contract_http_request_part(int32_t request, const void *key, size_t key_size, const void *value, size_t value_size) {
    (void)request;
    say("part %s=%s", told(key, key_size), told(value, value_size));
}

void contract_http_request_part_file(int32_t request, const void *key, size_t key_size, const void *file, size_t file_size, const void *kind, size_t kind_size,
                                     const void *bytes, size_t size) {
    (void)request;
    say("file %s %s %s %s", told(key, key_size), told(file, file_size), told(kind, kind_size), told(bytes, size));
}

void contract_http_request_poll(int32_t request, int32_t every, int32_t within) {
    (void)request;
    say("poll %d %d", every, within);
}

void contract_http_request_until_json(int32_t request, const void *pointer, size_t pointer_size, const void *value, size_t value_size) {
    (void)request;
    say("until %s is %s", told(pointer, pointer_size), told(value, value_size));
}

NUMBER(contract_http_request_until_status, "until")
TEXT(contract_http_request_until_text, "until")
int32_t contract_http_batch(void) { return begun("batch", ""); }
NUMBER(contract_http_batch_add, "add")
WORD(contract_http_batch_drop, "drop")
void contract_http_batch_send(int32_t batch, void *into) { (void)batch, handle("send", into); }

void contract_http_batch_response(int32_t batch, int32_t index, void *into) {
    (void)batch;
    static abi_failure denied = {.kind = LS_DENIED, .as.message = {"no rule", 7}};
    host_failure = index == 1 ? &denied : NULL;
    handle("response", into);
    host_failure = NULL;
}

static void a_request_is_asked_again_by_the_host_and_several_are_sent_side_by_side(void) {
    host_begin();
    ls_request *request = ls_http_get("http://shop/");
    ls_http_part(request, "a", "1");
    ls_http_part_file(request, "b", "b.txt", "text/plain", ls_bytes_of("held"));
    ls_http_until(request, ls_secs(2), ls_minutes(5));
    ls_http_until_status(request, 200);
    ls_http_until_json(request, "/state", "true");
    ls_http_until_text(request, "live");
    const ls_response *response;
    HOLDS(!ls_http_send(request, &response).failure && response->tries == 3);
    SAME(host_said, "request GET, http://shop/\npart a=1\nfile b b.txt text/plain held\npoll 2000 300000\nuntil 200\nuntil /state is true\nuntil live\ndrop\ndrop\n");
    host_begin();
    host_status = 204;
    const ls_request *requests[] = {ls_http_get("http://a/"), ls_http_get("http://b/")};
    const ls_answer *answers;
    HOLDS(!ls_http_all(requests, 2, &answers).failure);
    HOLDS(!answers[0].result.failure && answers[0].response->status == 204 && !answers[1].response);
    SAME(message(answers[1].result), "no rule");
}

void contract_shell_command_env_file(int32_t command, const void *key, size_t key_size, const void *value, size_t value_size) {
    (void)command;
    say("file %s=%s", told(key, key_size), told(value, value_size));
}

NUMBER(contract_shell_command_stdin_artifact, "stdin")
TEXT(contract_shell_command_stdout_artifact, "stdout")

void contract_artifact_sealed_read_at(int32_t sealed, const void *offset, size_t size, int32_t count, void *into) {
    (void)sealed;
    say("read %s %d", told(offset, size), count);
    abi_result *result = into;
    if (well(result)) give(&result->as.text, "end");
}

static void an_artifact_is_sent_as_a_body_and_a_body_becomes_one(void) {
    host_begin();
    host_status = 200;
    host_kept = 7;
    ls_artifact image = {.handle = 3, .id = "image"}, made;
    ls_request *request = ls_http_put("http://shop/image");
    ls_http_text(request, "in its place");
    ls_http_artifact(request, &image);
    ls_http_into_artifact(request, "answer");
    const ls_response *response;
    HOLDS(!ls_http_send(request, &response).failure && !ls_response_artifact(response, &made).failure && made.handle == 7);
    SAME(host_said, "request PUT, http://shop/image\nartifact 3\ninto answer\ndrop\ndrop\n");
    host_status = 404;
    host_kept = 0;
    HOLDS(!ls_http_send(request, &response).failure);
    SAME(message(ls_response_artifact(response, &made)), "PUT http://shop/health: its body has become no artifact: it was answered with 404");
}

static void an_exit_code_means_what_command_and_grant_say(void) {
    // The code, the one that means success, the one that the command says, and what is said of it.
    static const struct {
        int32_t code, well, said;
        const char *wanted;
    } given[] = {
        {1, 1, 1, "no failure"},
        {0, 1, 1, "`/bin/grep`: exit code 0 does not mean success here; it said: found"},
        // The grant alone can say so as well.
        {0, 1, -1, "`/bin/grep`: exit code 0 does not mean success here; it said: found"},
        {2, 0, -1, "`/bin/grep`: expected exit code 0, found 2; it said: found"},
        {2, 1, 1, "`/bin/grep`: exit code 2 does not mean success here; it said: found"},
    };
    for (size_t at = 0; at < sizeof given / sizeof *given; at++) {
        host_begin();
        host_status = given[at].code;
        host_well = given[at].well;
        host_body = "found\n";
        ls_command *grep = ls_shell_command("/bin/grep", LS_NONE);
        if (given[at].said >= 0) ls_shell_success_code(grep, (uint8_t)given[at].said);
        const ls_exit *exit;
        HOLDS(!ls_shell_run(grep, &exit).failure && exit->is_success == (given[at].code == given[at].well));
        SAME(message(ls_expect_exit_success(exit)), given[at].wanted);
        SAME(host_said, given[at].said < 0 ? "command /bin/grep \ndrop\ndrop\n" : ls_format("command /bin/grep \ncode %d\ndrop\ndrop\n", given[at].said));
    }
}

static void a_command_reads_an_artifact_and_makes_one(void) {
    host_begin();
    ls_artifact dump = {.handle = 3, .id = "dump"}, made;
    ls_bytes part;
    HOLDS(!ls_artifact_read_at(&dump, UINT64_MAX, 5, &part).failure && part.size == 3);
    ls_command *command = ls_shell_command("/bin/restore", LS_NONE);
    ls_shell_env_file(command, "PASSWORD", "x");
    ls_shell_stdin_artifact(command, &dump);
    ls_shell_stdout_artifact(command, "log");
    const ls_exit *exit;
    HOLDS(!ls_shell_run(command, &exit).failure && !ls_exit_stdout_artifact(exit, &made).failure && made.handle == 4);
    SAME(host_said, "read 18446744073709551615 5\ncommand /bin/restore \nfile PASSWORD=x\nstdin 3\nstdout log\ndrop\ndrop\n");
    host_status = 1;
    HOLDS(!ls_shell_run(command, &exit).failure);
    SAME(message(ls_exit_stdout_artifact(exit, &made)), "`/bin/restore`: its standard output has become no artifact: it ended with 1");
}

// Redis.

void contract_redis_store_open(const void *id, size_t size, void *into) { opened("open", id, size, into); }
NUMBER(contract_redis_store_timeout, "timeout")

void contract_redis_store_run_text(int32_t store, const void *words, size_t count, void *into) {
    (void)store;
    handle(ls_format("run %s", listed(words, count)), into);
}

void contract_redis_store_run(int32_t store, const void *words, size_t count, void *into) { contract_redis_store_run_text(store, words, count, into); }
void contract_redis_reply_json(int32_t reply, void *into) { (void)reply, give(into, far_reply); }

static void replied(int32_t reply, void *into) {
    (void)reply;
    abi_result *result = into;
    if (well(result)) give(&result->as.text, far_reply);
}

void contract_redis_reply_integer(int32_t reply, void *into) { replied(reply, into); }
void contract_redis_reply_text(int32_t reply, void *into) { replied(reply, into); }

void contract_redis_reply_part(int32_t reply, int32_t index, void *into) {
    (void)reply;
    handle(ls_format("part %d", index), into);
}

void contract_redis_store_scan(int32_t store, const void *prefix, size_t size, int32_t most, void *into) {
    (void)store;
    handle(ls_format("scan %s %d", told(prefix, size), most), into);
}

void contract_redis_scanned_keys(int32_t scanned, void *into) {
    (void)scanned;
    static const abi_text keys[] = {{"a:1", 3}, {"a\0b", 3}};
    *(abi_texts *)into = (abi_texts){keys, 2};
}

int32_t contract_redis_scanned_total(int32_t scanned) { return (void)scanned, -1; }
int32_t contract_redis_scanned_slowest(int32_t scanned) { return (void)scanned, 5; }
WORD(contract_redis_scanned_drop, "drop")

static void a_reply_is_read_as_what_it_is(void) {
    host_begin();
    ls_store cache;
    ls_reply reply, part;
    HOLDS(!ls_redis_open("cache", &cache).failure);
    ls_store_timeout(&cache, ls_secs(1));
    HOLDS(!ls_store_run(&cache, LS_LIST("INCRBY", "n", "1"), &reply).failure);
    int64_t number;
    far_reply = "-9223372036854775808";
    HOLDS(!ls_reply_integer(&reply, &number).failure && number == INT64_MIN && !ls_reply_expect(&reply, "-9223372036854775808").failure);
    far_reply = "9223372036854775808";
    SAME(message(ls_reply_integer(&reply, &number)), "cache INCRBY: 9223372036854775808 is too large a number");
    HOLDS(!ls_reply_part(&reply, 2, &part).failure);
    abi_failure nil = {.kind = LS_FAILED, .as.problem = {{"redis.reply", 11}, {"it is nil", 9}, 0}};
    host_failure = &nil;
    const char *text;
    ls_result none = ls_reply_text(&part, &text);
    SAME(message(none), "cache INCRBY, part 2: it is nil");
    SAME(none.failure->code, "redis.reply");
    host_failure = NULL;
    ls_bytes words[] = {ls_bytes_of("GET"), {(const uint8_t *)"a", 1}};
    HOLDS(!ls_store_run_bytes(&cache, words, 2, &reply).failure);
    ls_scanned scanned;
    HOLDS(!ls_store_scan(&cache, ls_bytes_of("a:"), 7, &scanned).failure && scanned.count == 2 && scanned.total == UINT32_MAX && scanned.slowest == 5);
    HOLDS(scanned.keys[1].size == 3 && !memcmp(scanned.keys[1].data, "a\0b", 3));
    SAME(host_said, "open cache\ntimeout 1000\nrun [INCRBY][n][1]\npart 2\nrun [GET][a]\nscan a: 7\ndrop\n");
}

// Databases.

void contract_db_database_open(const void *id, size_t size, void *into) { opened("open", id, size, into); }
void contract_db_database_engine(int32_t database, void *into) { (void)database, give(into, "postgresql"); }
int32_t contract_db_statement(const void *sql, size_t size) { return begun("statement", told(sql, size)); }
WORD(contract_db_statement_bind_null, "null")
NUMBER(contract_db_statement_bind_boolean, "boolean")
TEXT(contract_db_statement_bind_integer, "integer")
TEXT(contract_db_statement_bind_decimal, "decimal")
TEXT(contract_db_statement_bind_timestamp, "timestamp")
TEXT(contract_db_statement_bind_json, "json")
NUMBER(contract_db_statement_timeout, "timeout")
NUMBER(contract_db_statement_limit_rows, "limit")
WORD(contract_db_statement_idempotent, "idempotent")
WORD(contract_db_statement_drop, "drop")

void contract_db_statement_bind_float(int32_t statement, double value) {
    (void)statement;
    say("float %g", value);
}

void contract_db_statement_bind_text(int32_t statement, const void *text, size_t size) {
    (void)statement;
    say("text %s of %zu", told(text, size), size);
}

void contract_db_statement_bind_bytes(int32_t statement, const void *bytes, size_t size) {
    (void)statement;
    say("bytes %s of %zu", told(bytes, size), size);
}

int32_t contract_db_transaction(void) { return begun("transaction", ""); }
NUMBER(contract_db_transaction_add, "add")
NUMBER(contract_db_transaction_expect_rows, "expect")
NUMBER(contract_db_transaction_timeout, "timeout")
WORD(contract_db_transaction_idempotent, "idempotent")
WORD(contract_db_transaction_drop, "drop")

void contract_db_database_query(int32_t database, int32_t statement, void *into) { (void)database, (void)statement, handle("query", into); }
void contract_db_database_execute(int32_t database, int32_t statement, void *into) { (void)database, (void)statement, handle("execute", into); }
void contract_db_database_commit(int32_t database, int32_t transaction, void *into) { (void)database, (void)transaction, handle("commit", into); }
int32_t contract_db_done_count(int32_t done) { return (void)done, 2; }
void contract_db_done_affected(int32_t done, int32_t statement, void *into) { (void)done, give(into, statement ? "18446744073709551615" : "1"); }
int32_t contract_db_done_returned(int32_t done, int32_t statement) { return (void)done, statement; }
void contract_db_done_drop(int32_t done) { (void)done; }
int32_t contract_db_rows_count(int32_t rows) { return rows == HOST_SEEN ? host_seen_count : 1; }
int32_t contract_db_rows_truncated(int32_t rows) { return (void)rows, 1; }
void contract_db_rows_drop(int32_t rows) { (void)rows; }

void contract_db_rows_columns(int32_t rows, void *into) {
    static const abi_text seen[] = {{"version", 7}, {"text", 4}, {"", 0}, {"title", 5}, {"text", 4}, {"", 0}, {"checksum", 8}, {"text", 4}, {"", 0}, {"state", 5}, {"text", 4}, {"", 0}};
    if (rows == HOST_SEEN) {
        *(abi_texts *)into = (abi_texts){seen, 4};
        return;
    }
    static abi_text columns[3];
    columns[0] = (abi_text){"v", 1};
    columns[1] = (abi_text){far_kind, strlen(far_kind)};
    columns[2] = (abi_text){"own", 3};
    *(abi_texts *)into = (abi_texts){columns, 1};
}

void contract_db_rows_cell(int32_t rows, int32_t row, int32_t column, void *into) { maybe(into, rows == HOST_SEEN ? host_seen[row][column] : far_cell); }

void contract_db_rows_cell_bytes(int32_t rows, int32_t row, int32_t column, void *into) {
    (void)rows, (void)row, (void)column;
    *(abi_option *)into = (abi_option){.some = 1, .as.text = {"\0\xff", 2}};
}

static void a_value_is_bound_as_what_it_is_to_its_last_digit(void) {
    host_begin();
    ls_database shop;
    HOLDS(!ls_db_open("main", &shop).failure);
    ls_statement *statement = ls_db_sql("SELECT $1");
    ls_statement_bind_null(statement);
    ls_statement_bind_text(statement, NULL);
    ls_statement_bind_boolean(statement, true);
    ls_statement_bind_integer(statement, INT64_MIN);
    ls_statement_bind_digits(statement, "18446744073709551616");
    ls_statement_bind_float(statement, 0.5);
    ls_statement_bind_decimal(statement, "-0.10");
    ls_statement_bind_text(statement, "\xc3\xbc");
    ls_statement_bind_text_of(statement, (ls_bytes){(const uint8_t *)"a\0b", 3});
    ls_statement_bind_bytes(statement, (ls_bytes){(const uint8_t *)"z\xff", 1});
    ls_statement_bind_timestamp(statement, "2026-01-02T03:04:05Z");
    ls_statement_bind_json(statement, "{}");
    ls_statement_timeout(statement, ls_secs(5));
    ls_statement_limit_rows(statement, 10);
    ls_statement_idempotent(statement);
    far_kind = "text";
    const ls_rows *rows;
    HOLDS(!ls_database_query(&shop, statement, &rows).failure && rows->truncated);
    SAME(host_said, "open main\nstatement SELECT $1\nnull\nnull\nboolean 1\ninteger -9223372036854775808\ninteger 18446744073709551616\nfloat 0.5\n"
                    "decimal -0.10\ntext \xc3\xbc of 2\ntext a of 3\nbytes z of 1\ntimestamp 2026-01-02T03:04:05Z\njson {}\ntimeout 5000\nlimit 10\nidempotent\n"
                    "query\ndrop\n");
}

// The only value of the only row.
static const ls_rows *found(const char *kind, const char *cell) {
    far_kind = kind;
    far_cell = cell;
    ls_database shop;
    const ls_rows *rows = NULL;
    HOLDS(!ls_db_open("main", &shop).failure && !ls_database_query(&shop, ls_db_sql(""), &rows).failure);
    return rows;
}

static void a_value_is_read_with_its_length_and_null_is_none(void) {
    host_begin();
    const char *text;
    ls_bytes bytes;
    int64_t number;
    HOLDS(!ls_rows_integer(found("integer", "-9223372036854775808"), 0, "v", &number).failure && number == INT64_MIN);
    SAME(message(ls_rows_integer(found("integer", "9223372036854775808"), 0, "v", &number)),
         "column `v` is `9223372036854775808`, which does not read as a whole number of 64 bits");
    HOLDS(!ls_rows_value(found("decimal", "0.10"), &text).failure);
    SAME(text, "0.10");
    const ls_rows *raw = found("bytes", "AP8=");
    HOLDS(!ls_rows_bytes(raw, 0, "v", &bytes).failure && bytes.size == 2 && bytes.data[1] == 0xff);
    HOLDS(!ls_rows_text(raw, 0, "v", &text).failure);
    SAME(text, "AP8=");
    const ls_rows *null = found("text", NULL);
    HOLDS(!ls_rows_text(null, 0, "v", &text).failure && !text && !ls_rows_bytes(null, 0, "v", &bytes).failure && !bytes.data);
    SAME(message(ls_rows_value(null, &text)), "column `v` is NULL");
    SAME(message(ls_rows_integer(null, 0, "v", &number)), "column `v` is NULL");
    SAME(message(ls_rows_text(null, 0, "w", &text)), "there is no column `w`");
    SAME(message(ls_rows_text(null, 1, "v", &text)), "there is no row 1: 1 came back");
}

static void a_transaction_is_one_call_and_says_what_each_statement_came_to(void) {
    host_begin();
    far_kind = "integer";
    far_cell = "4";
    ls_database shop;
    HOLDS(!ls_db_open("main", &shop).failure);
    ls_transaction *change = ls_db_transaction();
    ls_transaction_add(change, ls_db_sql("UPDATE a"));
    ls_transaction_expect_rows(change, 1);
    ls_transaction_add(change, ls_db_sql("UPDATE b"));
    ls_transaction_timeout(change, ls_minutes(1));
    ls_transaction_idempotent(change);
    const ls_db_done *done;
    HOLDS(!ls_database_commit(&shop, change, &done).failure && done->count == 2 && done->rows == 1 && done->all_rows[1] == UINT64_MAX);
    const char *text;
    HOLDS(!ls_rows_value(&done->returned[1], &text).failure && !ls_done_expect_rows(done, 1).failure);
    SAME(text, "4");
    SAME(message(ls_done_expect_rows(done, 2)), "1 rows were concerned, expected 2");
    SAME(message(ls_database_expect_engine(&shop, "sqlite")), "database `main` is postgresql, expected sqlite");
    HOLDS(!ls_database_execute(&shop, ls_db_sql("DELETE"), NULL).failure);
    SAME(host_said, "open main\ntransaction \nstatement UPDATE a\nadd 1\ndrop\nexpect 1\nstatement UPDATE b\nadd 1\ndrop\ntimeout 60000\nidempotent\ncommit\n"
                    "drop\nstatement DELETE\nexecute\ndrop\n");
}

// Kubernetes.

int32_t contract_kube_target(const void *version, size_t version_size, const void *kind, size_t kind_size, const void *ns, size_t ns_size, const void *id,
                             size_t id_size) {
    const char *first = ls_format("%s %s", told(version, version_size), told(kind, kind_size));
    return begun("target", ls_format("%s %s %s", first, told(ns, ns_size), told(id, id_size)));
}

NUMBER(contract_kube_target_timeout, "timeout")
WORD(contract_kube_target_dry_run, "dry run")
WORD(contract_kube_target_force, "force")
void contract_kube_target_drop(int32_t target) { (void)target; }
void contract_kube_revision_drop(int32_t revision) { (void)revision; }
void contract_kube_change_drop(int32_t change) { (void)change; }
void contract_kube_target_revision(int32_t target, void *into) { (void)target, handle("revision", into); }
void contract_kube_revision_text(int32_t revision, void *into) { (void)revision, give(into, "as it stood"); }
void contract_kube_revision_parse(const void *text, size_t size, void *into) { opened("parse", text, size, into); }
void contract_kube_revision_object(int32_t revision, void *into) { (void)revision, maybe(into, far_object); }
void contract_kube_revision_replicas(int32_t revision, void *into) { (void)revision, *(abi_option *)into = (abi_option){.some = 1, .as.handle = 2}; }
void contract_kube_change_object(int32_t change, void *into) { (void)change, give(into, "{}"); }
void contract_kube_target_rollout_undo(int32_t target, int32_t recorded, void *into) { (void)target, (void)recorded, handle("rollout undo", into); }
void contract_kube_target_delete(int32_t target, int32_t before, void *into) { (void)target, (void)before, handle("delete", into); }

void contract_kube_change_unpinned(int32_t change, void *into) {
    (void)change;
    static const abi_text images[] = {{"api:2", 5}, {"web", 3}};
    *(abi_texts *)into = (abi_texts){images, 2};
}

void contract_kube_target_scale(int32_t target, int32_t before, int32_t replicas, void *into) {
    (void)target, (void)before;
    handle(ls_format("scale %d", replicas), into);
}

void contract_kube_target_apply(int32_t target, int32_t before, const void *json, size_t size, void *into) {
    (void)target, (void)before;
    handle(ls_format("apply %s", told(json, size)), into);
}

void contract_kube_target_set_image(int32_t target, int32_t before, const void *container, size_t container_size, const void *image, size_t image_size, void *into) {
    (void)target, (void)before;
    handle(ls_format("image %s=%s", told(container, container_size), told(image, image_size)), into);
}

void contract_kube_target_read(int32_t target, void *into) {
    (void)target;
    abi_result *result = into;
    if (well(result)) maybe(&result->as.option, far_object);
}

void contract_kube_target_rollout_status(int32_t target, void *into) {
    (void)target;
    abi_result *result = into;
    if (well(result)) give(&result->as.text, "{\"wanted\":4294967295,\"updated\":2,\"ready\":1,\"available\":0}");
}

void contract_kube_target_events(int32_t target, void *into) {
    (void)target;
    static const char event[] = "{\"at\":\"now\",\"kind\":\"Normal\",\"reason\":\"Pulled\",\"message\":\"m\",\"count\":18446744073709551615}";
    static const abi_text events[] = {{event, sizeof event - 1}};
    abi_result *result = into;
    if (well(result)) result->as.texts = (abi_texts){events, 1};
}

void contract_run_remember(const void *key, size_t key_size, const void *value, size_t value_size, void *into) {
    size_t at = 0;
    while (far_kept[at][0] && strcmp(far_kept[at][0], told(key, key_size))) at++;
    far_kept[at][0] = told(key, key_size);
    far_kept[at][1] = told(value, value_size);
    HOLDS(well(into));
}

void contract_run_recall(const void *key, size_t size, void *into) {
    const char *found = NULL;
    for (size_t at = 0; far_kept[at][0]; at++) {
        if (!strcmp(far_kept[at][0], told(key, size))) found = far_kept[at][1];
    }
    maybe(into, found);
}

static void stands(const char *object) {
    host_begin();
    memset(far_kept, 0, sizeof far_kept);
    far_object = object;
}

static void a_change_is_recorded_before_it_is_made_and_the_first_one_is_put_back(void) {
    stands("{\"spec\":{\"template\":{}}}");
    ls_target *api = ls_kube_deployment("shop", "api");
    ls_target_timeout(api, ls_secs(20));
    ls_change change;
    HOLDS(!ls_target_set_image(api, "api", "api:2", &change).failure && !ls_target_scale(api, 5, NULL).failure);
    SAME(message(ls_change_expect_pinned(&change)), "expected images with digests, found api:2, web");
    SAME(far_kept[0][0], "kube:Deployment shop/api");
    SAME(far_kept[0][1], "as it stood");
    SAME(far_kept[1][0], "scaled:Deployment shop/api");
    host_said = "";
    HOLDS(!ls_target_put_back(api).failure);
    SAME(host_said, "parse as it stood\ntarget apps/v1 Deployment shop api\ntimeout 20000\nforce\nrollout undo\nrevision\nscale 2\n");
    host_said = "";
    HOLDS(!ls_target_put_back(api).failure);
    SAME(host_said, "");
    ls_rollout rollout;
    HOLDS(!ls_target_rollout_status(api, &rollout).failure && rollout.wanted == UINT32_MAX && rollout.available == 0);
    const ls_event *events;
    size_t count;
    HOLDS(!ls_target_events(api, &events, &count).failure && count == 1 && events[0].count == UINT64_MAX);
    SAME(events[0].reason, "Pulled");
}

static void what_was_not_there_is_deleted_and_another_object_applied_as_it_was(void) {
    static const char *const stood[][2] = {{NULL, "delete\n"}, {"{\"data\": {}}", "apply {\"data\": {}}\n"}};
    const char *field;
    for (int at = 0; at < 2; at++) {
        stands(stood[at][0]);
        char id[81] = {0};
        memset(id, 'x', 80);
        ls_target *settings = ls_kube_object("v1", "ConfigMap", "", id);
        HOLDS(!ls_target_apply(settings, "{}", NULL).failure);
        // The same key in every language.
        SAME(far_kept[0][0], "kube:34ed9cb4b00c0412");
        HOLDS(!ls_target_put_back(settings).failure);
        HOLDS(strstr(host_said, ls_format("force\nrevision\n%s", stood[at][1])) != NULL);
        ls_result read = ls_target_field(settings, "/data", &field);
        SAME(message(read), at ? "no failure" : ls_format("there is no ConfigMap %s", id));
    }
    SAME(field, "{}");
    stands(NULL);
    ls_target *tried = ls_kube_stateful_set("shop", "api");
    ls_target_dry_run(tried);
    HOLDS(!ls_target_scale(tried, 0, NULL).failure && !far_kept[0][0]);
}

void far_tests(void) {
    a_request_is_asked_again_by_the_host_and_several_are_sent_side_by_side();
    an_artifact_is_sent_as_a_body_and_a_body_becomes_one();
    an_exit_code_means_what_command_and_grant_say();
    a_command_reads_an_artifact_and_makes_one();
    a_reply_is_read_as_what_it_is();
    a_value_is_bound_as_what_it_is_to_its_last_digit();
    a_value_is_read_with_its_length_and_null_is_none();
    a_transaction_is_one_call_and_says_what_each_statement_came_to();
    a_change_is_recorded_before_it_is_made_and_the_first_one_is_put_back();
    what_was_not_there_is_deleted_and_another_object_applied_as_it_was();
}
