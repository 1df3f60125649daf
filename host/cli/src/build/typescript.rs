//! TypeScript and JavaScript: esbuild makes one file of the project, and what it still imports is what the component may ask; QuickJS comes into the component
//! with it.

mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lockstep_api::Code;
use serde::Deserialize;

use super::kept::Kept;
use super::lines::own;
use super::{Made, OUTPUT, contract, tool, world};
use crate::error::CliError;
use crate::fsio;
use crate::ui::Ui;

/// What a component is built from.
pub(super) const SOURCES: &[&str] = &["package.json", "package-lock.json", "tsconfig.json", "src"];

/// What npm installs by, in the project or above it.
const LOCK: &str = "package-lock.json";

/// Where the tools of a lock are.
const TOOLS: &str = "node_modules/.bin";

/// What a procedure must have among its dependencies.
const SDK: &str = "lockstep-sdk";

/// The parts of `package.json` that are asked for here.
#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default = "main_module")]
    main: String,
}

fn main_module() -> String {
    "src/main.ts".to_owned()
}

/// What esbuild says of the file it made.
#[derive(Deserialize)]
struct Metafile {
    outputs: BTreeMap<String, Output>,
}

#[derive(Deserialize)]
struct Output {
    imports: Vec<Import>,
}

#[derive(Deserialize)]
struct Import {
    path: String,
    #[serde(default)]
    external: bool,
}

/// Builds the project.
///
/// # Errors
/// When a tool is missing, the types are wrong, or it cannot be made into one file or one component.
pub(super) fn build(folder: &Path, ui: &Ui) -> Result<Made, CliError> {
    let manifest = folder.join("package.json");
    let package: Package = serde_json::from_str(&fsio::read_text(&manifest)?)
        .map_err(|error| CliError::new(Code::NoLanguage, format!("{} does not name a project: {error}", manifest.display())))?;
    let own = contract::own(folder);
    let root = tools(folder, own.is_none(), ui)?;
    if folder.join("tsconfig.json").is_file() {
        ui.say("checking types");
        run(tool::command(root.join(TOOLS).join("tsc")).args(["--noEmit", "--project"]).arg(folder), "the types do not fit")?;
    }
    let work = folder.join(OUTPUT).join("typescript");
    let main = folder.join(&package.main);
    if !main.is_file() {
        return Err(CliError::new(Code::NoLanguage, format!("{} is not there", main.display()))
            .detail("it is the main module of the project: it exports the function that declares the procedure")
            .hint("`main` in package.json names another; without it src/main.ts"));
    }
    let entry = work.join("entry.js");
    fsio::write(&entry, entry_text(&main, own.is_none()).as_bytes())?;
    let bundle = bundled(&root, &work, &entry)?;
    let imports = imports(&fsio::read_text(&work.join("bundle.json"))?)?;
    let wit = world::write(&work, &own.unwrap_or_else(|| root.join("node_modules").join(SDK).join("wit")), &imports)?;
    let inputs = [fsio::read(&bundle)?, world::text(&imports).into_bytes(), fsio::read(&root.join(LOCK))?].concat();
    let kept = Kept::new(&work, &inputs);
    if let Some(component) = kept.last() {
        return Ok(Made { name: package.name, component });
    }
    ui.say("making the component");
    kept.forget()?;
    let mut qjs = tool::command(root.join(TOOLS).join("componentize-qjs"));
    qjs.args(["--stub-wasi", "--sync", "--world", world::NAME, "--wit"]).arg(wit).arg("--js").arg(&bundle).arg("--output").arg(kept.path());
    run(qjs.current_dir(&work), "QuickJS cannot load the procedure")?;
    Ok(Made { name: package.name, component: kept.fresh()? })
}

/// The oldest Node that the tools run on.
const OLDEST_NODE: u64 = 20;

/// Node and npm, which install the rest.
///
/// # Errors
/// When one is missing, or Node is too old.
pub(super) fn found() -> Result<String, CliError> {
    Ok(format!("node {}, npm {}", node()?, npm()?))
}

/// The version of what the tools run on.
fn node() -> Result<String, CliError> {
    let way = "install Node 20 or newer: https://nodejs.org, or the packages `nodejs` and `npm` of your system";
    let node = tool::find_program("node").and_then(|node| tool::first_line(&node, &["--version"])).ok_or_else(|| tool::missing("node", way))?;
    if node.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok()).is_none_or(|major: u64| major < OLDEST_NODE) {
        return Err(CliError::new(Code::ToolMissing, format!("Node {node} is too old to make procedures")).hint(way));
    }
    Ok(node)
}

/// The version of what installs the tools. To ask for it takes longer than to see that they are installed.
fn npm() -> Result<String, CliError> {
    let way = "it comes with Node: https://nodejs.org, or the package `npm` of your system";
    tool::find_program("npm").and_then(|npm| tool::first_line(&npm, &["--version"])).ok_or_else(|| tool::missing("npm", way))
}

/// The folder whose lock names the tools, with the tools installed, and the SDK among them if there is to be one.
fn tools(folder: &Path, sdk: bool, ui: &Ui) -> Result<PathBuf, CliError> {
    let Some(root) = folder.ancestors().find(|above| above.join(LOCK).is_file()) else {
        return Err(CliError::new(Code::ToolMissing, format!("no {LOCK} says which tools build {}", folder.display()))
            .hint("`npm install --save-dev --save-exact componentize-qjs@0.4.3 esbuild@0.28.2 typescript@7.0.2` writes one")
            .hint("`lockstep new NAME --lang typescript` makes a project that has one"));
    };
    node()?;
    let _alone = tool::alone_with(&root.join(LOCK))?;
    if installed(root, sdk) {
        return Ok(root.to_owned());
    }
    npm()?;
    ui.say(format!("installing what {} names: npm ci", root.join(LOCK).display()));
    let mut npm = tool::command("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(root);
    if !tool::succeeds(&mut npm) || !installed(root, sdk) {
        return Err(CliError::new(Code::ToolMissing, "the tools that build TypeScript are not there, and npm could not install them")
            .detail(format!("wanted in {}: componentize-qjs, esbuild, typescript and {SDK}", root.join("node_modules").display()))
            .hint(format!("`cd {} && npm ci` says why", root.display())));
    }
    Ok(root.to_owned())
}

/// Whether everything is there, and of this lock.
fn installed(root: &Path, sdk: bool) -> bool {
    let changed = |path: PathBuf| path.metadata().and_then(|found| found.modified()).ok();
    let current = match (changed(root.join(LOCK)), changed(root.join("node_modules/.package-lock.json"))) {
        (Some(lock), Some(installed)) => lock <= installed,
        _ => false,
    };
    current
        && ["componentize-qjs", "esbuild", "tsc"].iter().all(|name| root.join(TOOLS).join(name).exists())
        && (!sdk || root.join("node_modules").join(SDK).exists())
}

/// The module that the bundle begins with: the project's main one, with the SDK around it if there is one.
fn entry_text(main: &Path, sdk: bool) -> String {
    let main = serde_json::json!(main);
    if !sdk {
        return format!("export {{ procedure }} from {main};\n");
    }
    format!(
        "import \"{SDK}/globals\";\nimport * as main from {main};\nimport {{ exported }} from \"{SDK}/entry\";\nexport const procedure = exported(main.default);\n"
    )
}

/// One file of a module and all that it uses.
fn bundled(root: &Path, work: &Path, entry: &Path) -> Result<PathBuf, CliError> {
    let bundle = work.join("bundle.js");
    let mut esbuild = tool::command(root.join(TOOLS).join("esbuild"));
    esbuild.arg(entry).args(["--bundle", "--format=esm", "--platform=neutral", "--main-fields=module,main", "--target=es2023", "--charset=utf8"]);
    esbuild
        .args(["--external:lockstep:*", "--log-level=warning", "--metafile=bundle.json", "--outfile=bundle.js"])
        .args(["--sourcemap=external", "--sources-content=false"]);
    esbuild.current_dir(work);
    run(&mut esbuild, "the procedure cannot be made into one file")?;
    let table = lines::table(&fsio::read_text(&work.join("bundle.js.map"))?, own_source)?;
    fsio::write(&bundle, format!("{}{table}", fsio::read_text(&bundle)?).as_bytes())?;
    Ok(bundle)
}

/// What a source of the map, seen from the work folder, is called in the project; none when it is the SDK's, a dependency's or the build's own.
fn own_source(path: &str) -> Option<String> {
    own(path.strip_prefix("../../../")?).map(str::to_owned)
}

/// The contract's interfaces that the file imports.
fn imports(metafile: &str) -> Result<BTreeSet<String>, CliError> {
    let metafile: Metafile = serde_json::from_str(metafile).map_err(|error| CliError::internal(format!("esbuild's metafile is another: {error}")))?;
    let outside = metafile.outputs.into_values().flat_map(|output| output.imports).filter(|import| import.external);
    outside
        .map(|Import { path, .. }| match world::interface(&path) {
            Some(interface) => Ok(interface.to_owned()),
            None => Err(CliError::new(Code::ForeignImport, format!("the procedure imports `{path}`, which is no interface of the contract"))),
        })
        .collect()
}

/// Runs a tool that is silent unless something is wrong.
fn run(command: &mut std::process::Command, wrong: &str) -> Result<(), CliError> {
    if tool::is_silent_unless_it_fails(command) {
        return Ok(());
    }
    Err(CliError::new(Code::CompilerFailed, wrong).hint("the tool's messages are above"))
}

#[cfg(test)]
mod tests {
    use super::imports;

    #[test]
    fn what_is_left_to_import_is_what_the_component_asks_for() {
        let metafile = r#"{"inputs":{},"outputs":{"bundle.js":{"imports":[
            {"path":"lockstep:contract/http@0.1.0","kind":"import-statement","external":true},
            {"path":"lockstep:contract/log@0.1.0","kind":"import-statement","external":true}]}}}"#;
        assert_eq!(imports(metafile).unwrap().into_iter().collect::<Vec<_>>(), ["http", "log"]);
        assert!(imports(&metafile.replace("contract/log", "other/log")).is_err());
    }
}
