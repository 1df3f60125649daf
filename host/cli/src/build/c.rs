//! C: clang makes a module of the project's sources and the SDK's, in one go, in less than a second.
//!
//! What the host can be asked for stands in a header that is made of the SDK's contract by each build. The linker drops what a procedure does not use.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lockstep_api::Code;
use wit_parser::abi::WasmType;

use super::contract::{Contract, Crossing};
use super::encode::WallClock;
use super::{Made, OUTPUT, contract, encode, lines, tool};
use crate::environment;
use crate::error::CliError;
use crate::fsio;
use crate::ui::Ui;

/// What a component is built from.
pub(super) const SOURCES: &[&str] = &[FLAGS, "src"];

/// One flag of the compiler a line: editors read it, too.
const FLAGS: &str = "compile_flags.txt";

/// The SDK's header, by which its folder is found among the flags.
const HEADER: &str = "lockstep.h";

/// What every procedure is compiled with.
const ALWAYS: &[&str] = &["--target=wasm32-wasi", "-mexec-model=reactor", "-std=gnu17", "-Oz", "-gline-tables-only", "-Wl,-z,stack-size=1048576"];

/// The stack is below the data, so that a recursion without end traps and overwrites nothing.
const STACK_FIRST: &str = "-Wl,--stack-first";

/// What stands for the project's folder in a module.
const ROOT: &str = "/guest";

/// Compilers by the names they go by, in the order in which they are asked. Zig's linker puts the stack first and knows no word for it.
const COMPILERS: &[&[&str]] = &[
    &["clang", STACK_FIRST],
    &["clang-22", STACK_FIRST],
    &["clang-21", STACK_FIRST],
    &["clang-20", STACK_FIRST],
    &["clang-19", STACK_FIRST],
    &["zig", "cc"],
    &["python3", "-m", "ziglang", "cc"],
];

/// Builds the project. The same sources and compiler give the same bytes in every folder.
///
/// # Errors
/// When no compiler is found, the flags name no SDK, or it does not compile.
pub(super) fn build(folder: &Path, ui: &Ui) -> Result<Made, CliError> {
    let flags = flags(folder)?;
    let own = contract::own(folder);
    let sdk = if own.is_none() { Some(sdk(folder, &flags)?) } else { None };
    let contract = Contract::read(&own.or_else(|| Some(sdk.as_ref()?.join("wit"))).unwrap_or_default())?;
    let work = folder.join(OUTPUT).join("c");
    fsio::write(&work.join("contract.h"), header(&contract).as_bytes())?;
    let compiler = compiler(&work)?;
    let module = work.join("module.wasm");
    let mut sources = Vec::new();
    for found in std::iter::once(folder.join("src")).chain(sdk.map(|sdk| sdk.join("src"))) {
        sources.extend(c_files(&found)?);
    }
    let mut clang = tool::command(compiler[0]);
    clang.args(&compiler[1..]).args(ALWAYS).args(&flags).arg("-I").arg(&work).args(&sources).arg("-o").arg(&module).current_dir(folder);
    clang.arg(format!("-ffile-prefix-map={}={ROOT}", folder.display()));
    ui.say(format!("compiling {} files of C", sources.len()));
    // With odd flags of the project a compiler succeeds and makes none: the last one is not taken for it.
    let _ = std::fs::remove_file(&module);
    if !tool::succeeds(&mut clang) {
        return Err(CliError::new(Code::CompilerFailed, "the procedure does not compile").hint("the compiler's messages are above"));
    }
    let compiled = fsio::read(&module)?;
    let mut bytes = lines::without_debug_information(&compiled);
    contract.embed(&mut bytes)?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let component = encode::component(
        &bytes,
        &name,
        WallClock::OfTheRun,
        "see that one of its sources says `LOCKSTEP_PROCEDURE(p) { … }`, or defines what contract.h declares",
    )?;
    Ok(Made { name, component: lines::of_dwarf(component, &compiled, ROOT) })
}

/// The compiler that would be taken here.
///
/// # Errors
/// When there is none.
pub(super) fn found() -> Result<String, CliError> {
    let work = tempfile::tempdir().map_err(|error| CliError::unwritable(Path::new("the folder for temporary files"), &error))?;
    let command = compiler(work.path())?;
    // Of a compiler that has a name of its own the line says which it is.
    let arguments: Vec<_> = command[1..].iter().filter(|argument| !argument.starts_with("-W")).copied().chain(["--version"]).collect();
    let version = tool::find_program(command[0]).and_then(|program| tool::first_line(&program, &arguments));
    Ok(format!("{}: {}", command[0], version.unwrap_or_else(|| "of a version that it does not say".to_owned())))
}

/// What the project asks of the compiler.
fn flags(folder: &Path) -> Result<Vec<String>, CliError> {
    let text = fsio::read_text(&folder.join(FLAGS))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// The SDK's folder: above the one of the flags that has its header.
fn sdk(folder: &Path, flags: &[String]) -> Result<PathBuf, CliError> {
    let included = flags.iter().filter_map(|flag| flag.strip_prefix("-I")).map(|path| folder.join(path.trim()));
    let found = included.into_iter().find(|path| path.join(HEADER).is_file()).and_then(|path| path.parent().map(Path::to_owned));
    found.ok_or_else(|| {
        CliError::new(Code::NoLanguage, format!("{} is no procedure: no folder that it includes has {HEADER}", folder.join(FLAGS).display()))
            .detail("a procedure in C says `-Isdk/include` there, or another path to the SDK")
            .hint("`lockstep new NAME --lang c` makes one")
    })
}

fn c_files(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let entries = std::fs::read_dir(folder).map_err(|error| CliError::unreadable(folder, &error))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|e| e == "c")).collect();
    files.sort();
    Ok(files)
}

/// The compiler's command: the first that makes a module of next to nothing.
///
/// # Errors
/// When there is none; says what to install.
fn compiler(work: &Path) -> Result<Vec<&'static str>, CliError> {
    let trial = work.join("trial.c");
    fsio::write(&trial, b"#include <stdlib.h>\nvoid *trial(void);\nvoid *trial(void) { return malloc(1); }\n")?;
    let works = |command: &&&[&str]| {
        let mut clang = tool::command(command[0]);
        clang.args(&command[1..]).args(ALWAYS).args(["-Wl,--export=trial", "-o"]).arg(work.join("trial.wasm")).arg(&trial);
        tool::find_program(command[0]).is_some() && tool::output(&mut clang).is_some()
    };
    COMPILERS.iter().find(works).map(|command| command.to_vec()).ok_or_else(missing)
}

fn missing() -> CliError {
    let root = if environment::is_root() { "" } else { "sudo " };
    CliError::new(Code::ToolMissing, "no C compiler here makes WebAssembly")
        .detail("wanted: clang 19 or newer with lld, wasi-libc and compiler-rt for wasm32, or zig 0.17 or newer")
        .hint(format!("on Debian: `{root}apt-get install -y --no-install-recommends clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32`"))
        .hint("anywhere with Python: `pip install ziglang`")
}

/// What can be asked of the host and what it asks for, as C declares it.
fn header(contract: &Contract) -> String {
    let mut text = String::from("// Made by `lockstep build` of the contract in the SDK.\n#pragma once\n#include <stddef.h>\n#include <stdint.h>\n\n");
    for Crossing { module, name, identifier, signature } in contract.imports() {
        let parameters = parameters(&signature.params, signature.retptr);
        let result = signature.results.first().map_or("void", |kind| c_type(*kind, false));
        _ = writeln!(text, "__attribute__((import_module(\"{module}\"), import_name(\"{name}\")))\nextern {result} contract_{identifier}({parameters});");
    }
    for Crossing { name, identifier, signature, .. } in contract.exports() {
        let parameters = parameters(&signature.params, false);
        let result = signature.results.first().map_or("void", |kind| c_type(*kind, true));
        _ = writeln!(text, "__attribute__((export_name(\"{name}\")))\nextern {result} contract_{identifier}({parameters});");
    }
    text
}

/// The last of the parameters of a call that gives more than a number is where the host writes it.
fn parameters(kinds: &[WasmType], returned: bool) -> String {
    let last = kinds.len().saturating_sub(1);
    let named: Vec<_> = kinds.iter().enumerate().map(|(at, kind)| c_type(*kind, returned && at == last)).collect();
    if named.is_empty() { "void".to_owned() } else { named.join(", ") }
}

fn c_type(kind: WasmType, written: bool) -> &'static str {
    match kind {
        WasmType::I32 => "int32_t",
        WasmType::I64 | WasmType::PointerOrI64 => "int64_t",
        WasmType::F32 => "float",
        WasmType::F64 => "double",
        WasmType::Pointer if written => "void *",
        WasmType::Pointer => "const void *",
        WasmType::Length => "size_t",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Contract, header, sdk};

    #[test]
    fn the_header_declares_what_crosses_between_host_and_guest() {
        let contract = Contract::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
        let header = header(&contract);
        assert!(header.contains("import_name(\"[method]request.send\")))\nextern void contract_http_request_send(int32_t, void *);"), "{header}");
        assert!(header.contains("extern void * contract_procedure_run_step(const void *, size_t);"), "{header}");
    }

    #[test]
    fn flags_that_lead_to_no_sdk_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = sdk(folder.path(), &["-Isdk/include".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("lockstep.h"), "{error}");
    }
}
