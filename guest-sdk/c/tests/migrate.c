// Migration tools that are programs: what is run, and what is made of what they print.
#include "host.h"

static const char *message(ls_result result) { return result.failure ? result.failure->message : "no failure"; }

// What the program prints, one after the other; it ends with 0.
#define PRINTS(...) (host_begin(), host_prints = (const char *const[]){__VA_ARGS__})

#define PENDING "Following migrations have not yet been applied:"
#define STATE(version, state) "{\"version\":\"" version "\",\"state\":\"" state "\"}"
#define FLYWAY(states) "{\"schemaVersion\":\"1\",\"migrations\":[" states "]}"

// Where the database stands: JSON, or why nobody knows.
static const char *stands(const ls_tool *tool) {
    ls_migrated status;
    ls_result said = ls_tool_status(tool, &status);
    return said.failure ? message(said) : ls_migrated_json(&status);
}

static void what_a_tool_prints_is_taken_apart_or_is_a_failure_that_shows_it(void) {
    ls_tool *alembic = ls_migrate_alembic("/a"), *prisma = ls_migrate_prisma("/p"), *sqlx = ls_migrate_sqlx("/s"), *flyway = ls_migrate_flyway("/f");
    PRINTS("INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n27c6a30d7c24\n", "27c6a30d7c24\nae1027a6acf (head) (mergepoint)\n");
    SAME(stands(alembic), "{\"applied\":[\"27c6a30d7c24\"],\"pending\":[\"ae1027a6acf\"]}");
    PRINTS("INFO  [alembic.runtime.migration] Context impl SQLiteImpl.\n", "");
    SAME(stands(alembic), "{\"applied\":[],\"pending\":[]}");
    PRINTS("2 found\n" PENDING "\n20240115_init\n20240116_users\n\nTo apply migrations in production, run:\n");
    SAME(stands(prisma), "{\"applied\":[],\"pending\":[\"20240115_init\",\"20240116_users\"]}");
    PRINTS("Database schema is up to date!");
    SAME(stands(prisma), "{\"applied\":[],\"pending\":[]}");
    PRINTS("Error: P1001\n");
    SAME(stands(prisma), "what Prisma printed is not understood: Error: P1001");
    PRINTS(PENDING "\n\n");
    SAME(stands(prisma), "what Prisma printed is not understood: " PENDING);
    PRINTS("20230101000000/installed create users\n20230201000000/pending add mail\n");
    SAME(stands(sqlx), "{\"applied\":[\"20230101000000\"],\"pending\":[\"20230201000000\"]}");
    PRINTS("2/installed (different checksum) users\n");
    SAME(stands(sqlx), "migration 2 was changed after it had been applied");
    PRINTS("what/ever\n");
    SAME(stands(sqlx), "what sqlx printed is not understood: what/ever");
    PRINTS("2/there users\n");
    SAME(stands(sqlx), "what sqlx printed is not understood: 2/there users");
    PRINTS(FLYWAY(STATE("1", "Success") "," STATE("2", "Pending") "," STATE("", "Pending") "," STATE("3", "Available")));
    SAME(stands(flyway), "{\"applied\":[\"1\"],\"pending\":[\"2\"]}");
    PRINTS(FLYWAY(STATE("2", "Failed")));
    SAME(stands(flyway), "migration 2 is in the state `Failed`");
    PRINTS("{}");
    SAME(stands(flyway), "what Flyway printed is not understood: {}");
    PRINTS("{\"migrations\":[{\"version\":1,\"state\":\"Success\"}]}");
    SAME(stands(flyway), "what Flyway printed is not understood: {\"migrations\":[{\"version\":1,\"state\":\"Success\"}]}");
}

static void a_way_forward_has_a_reason(void) {
    PRINTS("", "2 (head)", "2 (head)");
    ls_tool *alembic = ls_migrate_alembic("/a");
    ls_tool_first(alembic, LS_LIST("-c", "shop.ini"));
    ls_tool_directory(alembic, "/srv");
    ls_tool_env(alembic, "DATABASE_URL", "x");
    ls_tool_timeout(alembic, ls_secs(9));
    ls_migrated status, read;
    HOLDS(!ls_tool_up(alembic, "copied at noon", &status).failure && !ls_migrated_expect_nothing_pending(&status).failure);
    static const char *wanted = "info migrating with /a: copied at noon\ncommand /a [-c][shop.ini][upgrade][head]\nDATABASE_URL=x\ndirectory /srv\ntimeout 9000\n"
                                "idempotent\ndrop\ndrop\ncommand /a [-c][shop.ini][current]\n";
    HOLDS(!strncmp(host_said, wanted, strlen(wanted)));
    SAME(message(ls_tool_up(alembic, " ", &status)), "a migration needs a backup, or a reason why none is needed");
    HOLDS(!ls_migrated_parse("{\"applied\":[\"0\"],\"pending\":[\"1\",\"2\"]}", &read).failure);
    SAME(ls_migrated_json(&read), "{\"applied\":[\"0\"],\"pending\":[\"1\",\"2\"]}");
    SAME(message(ls_migrated_expect_nothing_pending(&read)), "migrations are pending: 1, 2");
    SAME(message(ls_migrated_parse("{\"applied\":1}", &read)), "what was recorded must be what `ls_migrated_json` gave");
}

// What is said when it is to go back to there, and what was run that changes something.
static void goes_back(const ls_tool *tool, ls_list there, const char *said, const char *ran) {
    ls_migrated recorded = {.applied = there};
    SAME(message(ls_tool_down_to(tool, &recorded)), said);
    HOLDS(ran ? strstr(host_said, ls_format("%s\nidempotent\n", ran)) != NULL : !strstr(host_said, "idempotent"));
}

static void a_way_back_names_where_it_leads(void) {
    ls_tool *alembic = ls_migrate_alembic("/a"), *sqlx = ls_migrate_sqlx("/s"), *flyway = ls_migrate_flyway("/f");
    PRINTS("1", "1");
    goes_back(alembic, LS_LIST("1"), "no failure", NULL);
    PRINTS("2", "2", "", "1", "2");
    goes_back(alembic, LS_LIST("1"), "no failure", "command /a [downgrade][1]");
    PRINTS("1/installed a\n2/installed b", "", "1/installed a");
    goes_back(sqlx, LS_LIST("1"), "no failure", "command /s [migrate][revert][--target-version][1]");
    PRINTS("1/installed a", "", "1/pending a");
    goes_back(sqlx, LS_NONE, "no failure", "command /s [migrate][revert][--target-version][0]");
    PRINTS(FLYWAY(STATE("1", "Success") "," STATE("2", "Success") "," STATE("3", "Success")), "", FLYWAY(STATE("1", "Success") "," STATE("2", "Undone")));
    goes_back(flyway, LS_LIST("1"), "no failure", "command /f [undo][-target=2]");
    PRINTS(FLYWAY(STATE("1", "Success") "," STATE("2", "Success")), "", FLYWAY(""));
    goes_back(flyway, LS_NONE, "no failure", "command /f [undo][-target=1]");
    host_begin();
    goes_back(ls_migrate_prisma("/p"), LS_NONE, "Prisma has no way back: restore the backup", NULL);
    PRINTS("1", "1");
    goes_back(alembic, LS_NONE, "nothing was applied when it was recorded, and back to nothing is no way back: restore the backup", NULL);
    PRINTS("3", "3");
    goes_back(alembic, LS_LIST("1", "2"), "Alembic had several heads when it was recorded: no one revision leads back there", NULL);
    PRINTS(FLYWAY(STATE("1", "Success")));
    goes_back(flyway, LS_LIST("7"), "version 7 was applied when it was recorded, and is not any more", NULL);
    PRINTS(FLYWAY(""));
    goes_back(flyway, LS_LIST("1"), "version 1 was applied when it was recorded, and is not any more", NULL);
    PRINTS("1/installed a\n2/installed b", "", "1/installed a\n2/installed b");
    goes_back(sqlx, LS_LIST("1"), "the database stands at 1, 2 where 1 was recorded", "command /s [migrate][revert][--target-version][1]");
}

void tool_tests(void) {
    what_a_tool_prints_is_taken_apart_or_is_a_failure_that_shows_it();
    a_way_forward_has_a_reason();
    a_way_back_names_where_it_leads();
}
