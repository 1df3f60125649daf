// Programs of the host that the grant allows: one program and its arguments, never a line for a shell to take apart.
#include "abi.h"
#include "artifact.h"
#include "json.h"
#include "probe.h"

#include <ctype.h>

struct ls_command {
    const char *program;
    const char **args;
    size_t arg_count;
    ls_header *env, *env_files;
    size_t env_count, env_file_count;
    const char *directory, *output;
    ls_bytes input;
    const ls_artifact *input_artifact;
    ls_duration timeout;
    bool idempotent;
    uint8_t *codes;
    size_t code_count;
    const ls_probe *probe;
};

ls_command *ls_shell_command(const char *program, ls_list args) {
    ls_command *command = ls_alloc(sizeof *command);
    command->program = program;
    for (size_t at = 0; at < args.count; at++) ls_shell_arg(command, args.items[at]);
    return command;
}

void ls_shell_arg(ls_command *command, const char *arg) {
    command->args = abi_grown(command->args, command->arg_count, sizeof *command->args);
    command->args[command->arg_count++] = arg;
}

void ls_shell_env(ls_command *command, const char *name, const char *value) {
    command->env = abi_grown(command->env, command->env_count, sizeof *command->env);
    command->env[command->env_count++] = (ls_header){name, value};
}

void ls_shell_env_file(ls_command *command, const char *name, const char *content) {
    command->env_files = abi_grown(command->env_files, command->env_file_count, sizeof *command->env_files);
    command->env_files[command->env_file_count++] = (ls_header){name, content};
}

void ls_shell_directory(ls_command *command, const char *path) { command->directory = path; }
void ls_shell_stdin(ls_command *command, ls_bytes input) { command->input = input; }
void ls_shell_stdin_artifact(ls_command *command, const ls_artifact *input) { command->input_artifact = input; }
void ls_shell_stdout_artifact(ls_command *command, const char *id) { command->output = id; }
void ls_shell_timeout(ls_command *command, ls_duration longest) { command->timeout = longest; }
void ls_shell_idempotent(ls_command *command) { command->idempotent = true; }

void ls_shell_success_code(ls_command *command, uint8_t code) {
    command->codes = abi_grown(command->codes, command->code_count, sizeof *command->codes);
    command->codes[command->code_count++] = code;
}

void ls_shell_probe(ls_command *command, const ls_probe *probe) { command->probe = probe; }

// In the host's words, but for the probe.
static int32_t ready(const ls_command *command) {
    abi_texts args = abi_list((ls_list){command->args, command->arg_count});
    int32_t made = contract_shell_command(ABI_TEXT(command->program), args.items, args.count);
    for (size_t at = 0; at < command->env_count; at++) {
        contract_shell_command_env(made, ABI_TEXT(command->env[at].name), ABI_TEXT(command->env[at].value));
    }
    for (size_t at = 0; at < command->env_file_count; at++) {
        contract_shell_command_env_file(made, ABI_TEXT(command->env_files[at].name), ABI_TEXT(command->env_files[at].value));
    }
    if (command->directory) contract_shell_command_directory(made, ABI_TEXT(command->directory));
    if (command->input.data) contract_shell_command_stdin(made, command->input.data, command->input.size);
    if (command->input_artifact) contract_shell_command_stdin_artifact(made, command->input_artifact->handle);
    if (command->output) contract_shell_command_stdout_artifact(made, ABI_TEXT(command->output));
    if (command->timeout) contract_shell_command_timeout(made, abi_millis(command->timeout));
    if (command->idempotent) contract_shell_command_idempotent(made);
    for (size_t at = 0; at < command->code_count; at++) contract_shell_command_success_code(made, command->codes[at]);
    return made;
}

static int32_t asked(const void *about) {
    int32_t made = ready(about);
    int32_t probe = contract_shell_command_as_probe(made);
    contract_shell_command_drop(made);
    return probe;
}

ls_probe *ls_shell_as_probe(const ls_command *command) { return probe_of(asked, command); }
ls_probe *ls_probe_command(const char *program, ls_list args) { return ls_shell_as_probe(ls_shell_command(program, args)); }

// The command as a person would type it.
static const char *line(const ls_command *command) {
    const char *line = command->program;
    for (size_t at = 0; at < command->arg_count; at++) {
        const char *arg = command->args[at];
        bool plain = *arg && !strpbrk(arg, " \"'\\\n\t");
        line = ls_format("%s %s", line, plain ? arg : ls_json_text(arg));
    }
    return line;
}

static const ls_exit *ended(const ls_command *command, int32_t handle) {
    abi_text out, err;
    contract_shell_exit_stdout(handle, &out);
    contract_shell_exit_stderr(handle, &err);
    ls_exit *exit = ls_alloc(sizeof *exit);
    exit->line = line(command);
    exit->code = contract_shell_exit_code(handle);
    exit->is_success = contract_shell_exit_is_success(handle);
    exit->success_is_said = command->code_count > 0;
    exit->out = (ls_bytes){(const uint8_t *)out.data, out.size};
    exit->err = (ls_bytes){(const uint8_t *)err.data, err.size};
    exit->truncated = contract_shell_exit_truncated(handle);
    exit->duration = (uint32_t)contract_shell_exit_duration(handle);
    abi_option kept;
    contract_shell_exit_stdout_artifact(handle, &kept);
    if (kept.some) exit->kept = artifact_kept(kept.as.handle);
    contract_shell_exit_drop(handle);
    return exit;
}

ls_result ls_shell_run(const ls_command *command, const ls_exit **exit) {
    int32_t made = ready(command);
    if (command->probe) {
        int32_t probe = probe_ready(command->probe);
        contract_shell_command_probe(made, probe);
        contract_types_probe_drop(probe);
    }
    abi_result ran;
    contract_shell_command_run(made, &ran);
    contract_shell_command_drop(made);
    LS_TRY(abi_given(&ran));
    *exit = ended(command, ran.as.handle);
    return ls_done();
}

const char *ls_exit_text(const ls_exit *exit) {
    size_t size = strlen((const char *)exit->out.data);
    while (size && isspace(exit->out.data[size - 1])) size--;
    return ls_format("%.*s", (int)size, (const char *)exit->out.data);
}

ls_list ls_exit_lines(const ls_exit *exit) {
    const char *rest = ls_exit_text(exit), **lines = NULL;
    size_t count = 0;
    while (*rest) {
        size_t size = strcspn(rest, "\n");
        bool carriage = rest[size] && size && rest[size - 1] == '\r';
        lines = abi_grown(lines, count, sizeof *lines);
        lines[count++] = ls_format("%.*s", (int)(size - carriage), rest);
        rest += size + (rest[size] != 0);
    }
    return (ls_list){lines, count};
}

ls_result ls_exit_stdout_artifact(const ls_exit *exit, ls_artifact *artifact) {
    if (!exit->kept) return ls_fail("`%s`: its standard output has become no artifact: it ended with %d", exit->line, exit->code);
    *artifact = *exit->kept;
    return ls_done();
}

static const char *origin(const ls_exit *exit) { return ls_format("`%s`", exit->line); }

ls_result ls_exit_json_text(const ls_exit *exit, const char *pointer, const char **text) {
    return ls_json_text_at(origin(exit), (const char *)exit->out.data, pointer, text);
}

// What it complained about: its standard error, or its output when that is empty.
static const char *last_words(const ls_exit *exit) {
    const char *out = ls_trim((const char *)exit->out.data), *err = ls_trim((const char *)exit->err.data);
    if (*err) return ls_format("; it complained: %s", json_shown(err));
    return *out ? ls_format("; it said: %s", json_shown(out)) : "";
}

ls_result ls_expect_exit_success(const ls_exit *exit) {
    if (exit->is_success) return ls_done();
    if (!exit->success_is_said && exit->code) return ls_expect_code(exit, 0);
    return ls_assertion("`%s`: exit code %d does not mean success here%s", exit->line, exit->code, last_words(exit));
}

ls_result ls_expect_code(const ls_exit *exit, int32_t expected) {
    if (exit->code == expected) return ls_done();
    return ls_assertion("`%s`: expected exit code %d, found %d%s", exit->line, expected, exit->code, last_words(exit));
}

ls_result ls_expect_no_output(const ls_exit *exit) {
    const char *out = ls_trim((const char *)exit->out.data);
    return *out ? ls_assertion("`%s`: expected no output, found %s", exit->line, json_shown(out)) : ls_done();
}

ls_result ls_expect_output(const ls_exit *exit, const char *expected) {
    const char *out = (const char *)exit->out.data;
    if (strstr(out, expected)) return ls_done();
    return ls_assertion("`%s`: expected %s in the output, found %s", exit->line, ls_json_text(expected), json_shown(out));
}

ls_result ls_expect_output_json(const ls_exit *exit, const char *pointer, const char *expected) {
    return ls_json_expect(origin(exit), (const char *)exit->out.data, pointer, expected);
}
