// Migration tools that are programs: each is a command that the grant allows; what it prints is taken apart, and a way back always names where it leads.
#include "abi.h"
#include "json.h"

#include <ctype.h>

struct ls_tool {
    enum { ALEMBIC, PRISMA, SQLX, FLYWAY } kind;
    const char *program, *directory;
    ls_list first;
    ls_header *env;
    size_t env_count;
    ls_duration timeout;
};

static ls_tool *tool(int kind, const char *program) {
    ls_tool *tool = ls_alloc(sizeof *tool);
    tool->kind = kind;
    tool->program = program;
    return tool;
}

ls_tool *ls_migrate_alembic(const char *program) { return tool(ALEMBIC, program); }
ls_tool *ls_migrate_prisma(const char *program) { return tool(PRISMA, program); }
ls_tool *ls_migrate_sqlx(const char *program) { return tool(SQLX, program); }
ls_tool *ls_migrate_flyway(const char *program) { return tool(FLYWAY, program); }

static bool same(ls_list left, ls_list right) {
    if (left.count != right.count) return false;
    for (size_t at = 0; at < left.count; at++) {
        if (strcmp(left.items[at], right.items[at])) return false;
    }
    return true;
}

static const char *joined(ls_list list) {
    const char *all = "";
    for (size_t at = 0; at < list.count; at++) all = ls_format("%s%s%s", all, at ? ", " : "", list.items[at]);
    return all;
}

void ls_tool_first(ls_tool *tool, ls_list args) {
    for (size_t at = 0; at < args.count; at++) abi_add(&tool->first, args.items[at]);
}

void ls_tool_directory(ls_tool *tool, const char *path) { tool->directory = path; }
void ls_tool_timeout(ls_tool *tool, ls_duration longest) { tool->timeout = longest; }

void ls_tool_env(ls_tool *tool, const char *name, const char *value) {
    tool->env = abi_grown(tool->env, tool->env_count, sizeof *tool->env);
    tool->env[tool->env_count++] = (ls_header){name, value};
}

static ls_command *command(const ls_tool *tool, ls_list args) {
    ls_command *command = ls_shell_command(tool->program, tool->first);
    for (size_t at = 0; at < args.count; at++) ls_shell_arg(command, args.items[at]);
    for (size_t at = 0; at < tool->env_count; at++) ls_shell_env(command, tool->env[at].name, tool->env[at].value);
    if (tool->directory) ls_shell_directory(command, tool->directory);
    if (tool->timeout) ls_shell_timeout(command, tool->timeout);
    return command;
}

// What it printed, whatever its exit code.
static ls_result printed(const ls_tool *tool, ls_list args, const char **text) {
    const ls_exit *exit;
    LS_TRY(ls_shell_run(command(tool, args), &exit));
    *text = ls_exit_text(exit);
    return ls_done();
}

// What it printed, and it must have succeeded.
static ls_result said(const ls_tool *tool, ls_list args, const char **text) {
    const ls_exit *exit;
    LS_TRY(ls_shell_run(command(tool, args), &exit));
    *text = ls_exit_text(exit);
    return ls_expect_exit_success(exit);
}

// What names where it leads does no harm a second time.
static ls_result does(const ls_tool *tool, ls_list args) {
    ls_command *made = command(tool, args);
    ls_shell_idempotent(made);
    const ls_exit *exit;
    LS_TRY(ls_shell_run(made, &exit));
    return ls_expect_exit_success(exit);
}

// Taking apart what is printed -------------------------------------------------------------------------------------------------------------------

static ls_result not_understood(const char *tool, const char *text) { return ls_assertion("what %s printed is not understood: %s", tool, json_shown(text)); }

// The next line, without white space at its ends; NULL after the last.
static const char *next(const char **rest) {
    if (!**rest) return NULL;
    size_t size = strcspn(*rest, "\n");
    const char *line = ls_trim(ls_format("%.*s", (int)size, *rest));
    *rest += size + ((*rest)[size] != 0);
    return line;
}

static bool begins(const char *text, const char *with) { return !strncmp(text, with, strlen(with)); }

// A revision a line: `1975ea83b712 (head)`.
static ls_list revisions(const char *text) {
    ls_list found = {NULL, 0};
    for (const char *line; (line = next(&text));) {
        size_t size = strcspn(line, " ");
        bool plain = size > 0 && (!line[size] || line[size + 1] == '(' || !line[size + 1]);
        for (size_t at = 0; at < size; at++) plain &= isalnum((unsigned char)line[at]) || strchr("_-.", line[at]);
        if (plain) abi_add(&found, ls_format("%.*s", (int)size, line));
    }
    return found;
}

// Names after a line that ends in `not yet been applied:`, until an empty one.
static ls_result of_prisma(const char *text, ls_migrated *status) {
    static const char mark[] = "not yet been applied:";
    const char *rest = text, *line;
    bool begun = false;
    while ((line = next(&rest)) && !(begun && !*line)) {
        size_t size = strlen(line);
        if (begun) abi_add(&status->pending, line);
        begun = begun || (size >= strlen(mark) && !strcmp(line + size - strlen(mark), mark));
    }
    if (status->pending.count || (!begun && strstr(text, "Database schema is up to date"))) return ls_done();
    return not_understood("Prisma", text);
}

// `20230101000000/installed create users`.
static ls_result of_sqlx(const char *text, ls_migrated *status) {
    for (const char *line; (line = next(&text));) {
        const char *slash = strchr(line, '/');
        if (!slash) continue;
        size_t digits = strspn(line, "0123456789");
        if (!digits || line + digits != slash) return not_understood("sqlx", line);
        const char *version = ls_format("%.*s", (int)digits, line), *rest = slash + 1;
        if (begins(rest, "installed (different checksum)")) return ls_assertion("migration %s was changed after it had been applied", version);
        const char *word = ls_format("%.*s", (int)strcspn(rest, " "), rest);
        bool installed = !strcmp(word, "installed");
        if (!installed && strcmp(word, "pending")) return not_understood("sqlx", line);
        abi_add(installed ? &status->applied : &status->pending, version);
    }
    return ls_done();
}

// JSON with `migrations`, each with `version` and `state`.
static ls_result of_flyway(const char *text, ls_migrated *status) {
    static const char origin[] = "what Flyway printed";
    const char *found;
    LS_TRY(ls_json_at(origin, text, "", &found));
    if (ls_json_at(origin, text, "/migrations", &found).failure || *found != '[') return not_understood("Flyway", text);
    const char *migrations = found, *one, *version, *state;
    for (size_t at = 0; !ls_json_at(origin, migrations, ls_format("/%zu", at), &one).failure; at++) {
        ls_result read = ls_json_text_at(origin, one, "/version", &version);
        if (read.failure || ls_json_text_at(origin, one, "/state", &state).failure) return not_understood("Flyway", text);
        // Repeatable ones have no version, and undo scripts stand beside what they undo.
        if (!*version || abi_has(LS_LIST("Available", "Above Target", "Below Baseline"), state)) continue;
        bool applied = abi_has(LS_LIST("Success", "Out of Order", "Baseline"), state);
        if (!applied && !abi_has(LS_LIST("Pending", "Undone"), state)) return ls_assertion("migration %s is in the state `%s`", version, state);
        abi_add(applied ? &status->applied : &status->pending, version);
    }
    return ls_done();
}

// Where a database stands ------------------------------------------------------------------------------------------------------------------------

static ls_result of_alembic(const ls_tool *tool, ls_migrated *status) {
    const char *current, *heads;
    LS_TRY(said(tool, LS_LIST("current"), &current));
    LS_TRY(said(tool, LS_LIST("heads"), &heads));
    status->applied = revisions(current);
    ls_list all = revisions(heads);
    for (size_t at = 0; at < all.count; at++) {
        if (!abi_has(status->applied, all.items[at])) abi_add(&status->pending, all.items[at]);
    }
    return ls_done();
}

ls_result ls_tool_status(const ls_tool *tool, ls_migrated *status) {
    const char *text;
    *status = (ls_migrated){0};
    switch (tool->kind) {
    case ALEMBIC: return of_alembic(tool, status);
    case PRISMA:
        // It ends with 1 when something is pending.
        LS_TRY(printed(tool, LS_LIST("migrate", "status"), &text));
        return of_prisma(text, status);
    case SQLX: LS_TRY(said(tool, LS_LIST("migrate", "info"), &text)); return of_sqlx(text, status);
    case FLYWAY: LS_TRY(said(tool, LS_LIST("info", "-outputType=json"), &text)); return of_flyway(text, status);
    }
    return ls_done();
}

ls_result ls_tool_up(const ls_tool *tool, const char *reason, ls_migrated *status) {
    if (!*ls_trim(reason)) return ls_assertion("a migration needs a backup, or a reason why none is needed");
    ls_info("migrating with %s: %s", tool->program, reason);
    switch (tool->kind) {
    case ALEMBIC: LS_TRY(does(tool, LS_LIST("upgrade", "head"))); break;
    case PRISMA: LS_TRY(does(tool, LS_LIST("migrate", "deploy"))); break;
    case SQLX: LS_TRY(does(tool, LS_LIST("migrate", "run"))); break;
    case FLYWAY: LS_TRY(does(tool, LS_LIST("migrate"))); break;
    }
    return ls_tool_status(tool, status);
}

// Goes back to what was recorded, from what is applied now.
static ls_result goes_back(const ls_tool *tool, ls_list there, ls_list now) {
    const char *last = there.count ? there.items[there.count - 1] : NULL;
    if (tool->kind == SQLX) return does(tool, LS_LIST("migrate", "revert", "--target-version", last ? last : "0"));
    if (tool->kind == FLYWAY) {
        // Its target is the first that is taken back.
        size_t at = 0;
        while (last && at < now.count && strcmp(now.items[at], last)) at++;
        at += last != NULL;
        if (at < now.count) return does(tool, LS_LIST("undo", ls_format("-target=%s", now.items[at])));
        return last ? ls_assertion("version %s was applied when it was recorded, and is not any more", last) : ls_assertion("nothing is applied");
    }
    if (!last) return ls_assertion("nothing was applied when it was recorded, and back to nothing is no way back: restore the backup");
    if (there.count > 1) return ls_assertion("Alembic had several heads when it was recorded: no one revision leads back there");
    return does(tool, LS_LIST("downgrade", last));
}

ls_result ls_tool_down_to(const ls_tool *tool, const ls_migrated *recorded) {
    if (tool->kind == PRISMA) return ls_assertion("Prisma has no way back: restore the backup");
    ls_migrated now;
    LS_TRY(ls_tool_status(tool, &now));
    if (same(now.applied, recorded->applied)) return ls_done();
    LS_TRY(goes_back(tool, recorded->applied, now.applied));
    LS_TRY(ls_tool_status(tool, &now));
    if (same(now.applied, recorded->applied)) return ls_done();
    return ls_assertion("the database stands at %s where %s was recorded", joined(now.applied), joined(recorded->applied));
}

ls_result ls_migrated_expect_nothing_pending(const ls_migrated *status) {
    return status->pending.count ? ls_assertion("migrations are pending: %s", joined(status->pending)) : ls_done();
}

static const char *json_list(ls_list list) {
    const char *json = "";
    for (size_t at = 0; at < list.count; at++) json = ls_format("%s%s%s", json, at ? "," : "", ls_json_text(list.items[at]));
    return ls_format("[%s]", json);
}

const char *ls_migrated_json(const ls_migrated *status) {
    return ls_format("{\"applied\":%s,\"pending\":%s}", json_list(status->applied), json_list(status->pending));
}

static ls_result parse_list(const char *json, const char *name, ls_list *list) {
    const char *all, *text;
    LS_TRY(ls_json_at("what was recorded", json, name, &all));
    if (*all != '[') return ls_fail("what was recorded must be what `ls_migrated_json` gave");
    for (size_t at = 0; !ls_json_at("what was recorded", all, ls_format("/%zu", at), &text).failure; at++) {
        LS_TRY(ls_json_text_at("what was recorded", text, "", &text));
        abi_add(list, text);
    }
    return ls_done();
}

ls_result ls_migrated_parse(const char *json, ls_migrated *status) {
    *status = (ls_migrated){0};
    LS_TRY(parse_list(json, "/applied", &status->applied));
    return parse_list(json, "/pending", &status->pending);
}
