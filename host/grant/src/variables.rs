//! Names of environment variables in a grant file, and those that a guest must never be given.

use crate::read::Item;

/// Variables that make a program load or run something else than itself: letting a guest set one is letting it run anything.
const TAKES_OVER: [&str; 25] = [
    "BASH_ENV",
    "ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "IFS",
    "PROMPT_COMMAND",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "LOCPATH",
    "NLSPATH",
    "HOSTALIASES",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "RUBYOPT",
    "RUBYLIB",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "GIT_EXEC_PATH",
    "GIT_SSH_COMMAND",
];

/// Prefixes of the same kind: the dynamic linkers', git's configuration, the host's own.
const TAKES_OVER_PREFIXES: [&str; 4] = ["LD_", "DYLD_", "GIT_CONFIG", "MALLOC_"];

/// What the host sets itself.
const OWN_PREFIX: &str = "LOCKSTEP_";

/// `allow-env`: names, each spelled out.
pub(crate) fn read_names(list: &Item<'_, '_>) -> Vec<String> {
    let read = |item: &Item<'_, '_>| {
        let name = item.parsed(check_name)?;
        if TAKES_OVER.contains(&name) || TAKES_OVER_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            item.reject_with(
                format_args!("`{name}` makes a program run something else: a procedure may not set it"),
                "set it in `env` to the one value that is needed",
            );
            return None;
        }
        Some(name.to_owned())
    };
    list.items().iter().filter_map(read).collect()
}

/// `env`: names and values of the operator's own.
pub(crate) fn read_values(table: &Item<'_, '_>) -> Vec<(String, String)> {
    let read = |(name, item): (&str, Item<'_, '_>)| {
        let value = item.text()?;
        if let Err(error) = check_name(name) {
            item.reject(error);
        }
        if value.contains('\0') {
            item.reject("a value has no NUL");
        }
        Some((name.to_owned(), value.to_owned()))
    };
    table.entries().into_iter().filter_map(read).collect()
}

fn check_name(name: &str) -> Result<&str, String> {
    let legal = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if !legal {
        return Err(format!("`{}` is not the name of a variable: letters, digits and `_`", name.escape_debug()));
    }
    if name.starts_with(OWN_PREFIX) {
        return Err(format!("variables that begin with `{OWN_PREFIX}` are the host's own"));
    }
    Ok(name)
}
