//! Python: CPython comes into the component with the project's modules, already imported. What they import of the contract is what it may ask.

mod imports;

use std::path::{Path, PathBuf};

use lockstep_api::Code;
use serde::Deserialize;

use super::kept::Kept;
use super::{Made, OUTPUT, contract, tool, world};
use crate::error::CliError;
use crate::fsio;
use crate::ui::Ui;

/// What a component is built from.
pub(super) const SOURCES: &[&str] = &["pyproject.toml", REQUIREMENTS, "src"];

/// What pip installs the tools by, in the project or above it.
const REQUIREMENTS: &str = "build-requirements.txt";

/// What Python leaves beside the modules that it has read.
pub(super) const COMPILED: &str = "pyc";

/// Where the tools of these requirements are: a virtual environment.
const ENVIRONMENT: &str = ".venv";

/// The module that the runtime is given: the project's own, with the SDK around it.
const ENTRY: &str = "component";

/// The parts of `pyproject.toml` that are asked for here.
#[derive(Deserialize)]
struct Manifest {
    project: Project,
    #[serde(default)]
    tool: Tools,
}

#[derive(Deserialize)]
struct Project {
    name: String,
}

#[derive(Default, Deserialize)]
struct Tools {
    #[serde(default)]
    lockstep: Settings,
}

/// `[tool.lockstep]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Settings {
    /// The SDK's folder.
    sdk: PathBuf,
    /// The module that declares the procedure, below `src`.
    main: String,
    /// Folders with further modules: pure-Python packages, unpacked.
    path: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { sdk: "sdk".into(), main: "main".to_owned(), path: Vec::new() }
    }
}

/// Builds the project.
///
/// # Errors
/// When a tool is missing, or the modules cannot be imported.
pub(super) fn build(folder: &Path, ui: &Ui) -> Result<Made, CliError> {
    let Manifest { project, tool: Tools { lockstep: settings } } = manifest(folder)?;
    let (own, sdk) = (contract::own(folder), folder.join(&settings.sdk));
    let work = folder.join(OUTPUT).join("python");
    let entry = work.join("app").join(format!("{ENTRY}.py"));
    fsio::write(&entry, entry_text(&settings.main, own.is_none()).as_bytes())?;
    let mut folders = vec![work.join("app"), folder.join("src")];
    if own.is_none() {
        folders.push(sdk.clone());
    }
    folders.extend(settings.path.iter().map(|path| folder.join(path)));
    let found = imports::follow(&entry, &folders)?;
    // Without the SDK the library's time, randomness and output are the run's through the host's WASI; with it they are before WASI is asked.
    let wasi: &[&str] = if own.is_some() { &[] } else { &["--stub-wasi"] };
    let wit = world::write(&work, &own.unwrap_or_else(|| sdk.join("wit")), &found.interfaces)?;
    let compiler = compiler(folder, ui)?;
    let mut inputs = world::text(&found.interfaces).into_bytes();
    for file in found.files.iter().chain([&compiler.requirements]) {
        inputs.extend(format!("{}\n", file.display()).into_bytes());
        inputs.extend(fsio::read(file)?);
    }
    let kept = Kept::new(&work, &inputs);
    if let Some(component) = kept.last() {
        return Ok(Made { name: project.name, component });
    }
    ui.say("making the component: Python is started and imports the procedure, which takes some seconds");
    kept.forget()?;
    let mut componentize = tool::command(&compiler.program);
    componentize.arg("--quiet").args(["--world", world::NAME, "--wit-path"]).arg(wit).arg("componentize").args(wasi).arg("--output").arg(kept.path());
    for folder in &folders {
        componentize.arg("--python-path").arg(folder);
    }
    // What else is installed here is not the procedure's; and the tool's own stack says nothing of the procedure.
    componentize.arg(ENTRY).env("VIRTUAL_ENV", &compiler.environment).env("RUST_BACKTRACE", "0").env_remove("PYTHONPATH");
    if !tool::is_silent_unless_it_fails(componentize.current_dir(&work)) {
        return Err(CliError::new(Code::CompilerFailed, "Python cannot import the procedure").hint("its traceback is above"));
    }
    Ok(Made { name: project.name, component: kept.fresh()? })
}

fn manifest(folder: &Path) -> Result<Manifest, CliError> {
    let path = folder.join("pyproject.toml");
    let wrong = |what: String| {
        CliError::new(Code::NoLanguage, format!("{} is no procedure: {what}", path.display()))
            .detail("a procedure in Python has there: name under [project], and under [tool.lockstep] sdk, the folder with the package `lockstep`")
            .hint("`lockstep new NAME --lang python` makes one")
    };
    let manifest: Manifest = toml::from_str(&fsio::read_text(&path)?).map_err(|error| wrong(error.message().to_owned()))?;
    let settings = &manifest.tool.lockstep;
    if contract::own(folder).is_none() && !folder.join(&settings.sdk).join("lockstep/__init__.py").is_file() {
        return Err(wrong(format!("there is no package `lockstep` in {}", folder.join(&settings.sdk).display())));
    }
    if !folder.join("src").join(format!("{}.py", settings.main)).is_file() {
        return Err(wrong(format!("src/{}.py is not there", settings.main)));
    }
    Ok(manifest)
}

/// The ordinary names are the run's own from before the project's first line on; what reads files while it is imported does so before the last.
/// Without the SDK the project has the class that the runtime asks for.
fn entry_text(main: &str, sdk: bool) -> String {
    if !sdk {
        return format!("from {main} import Procedure\n");
    }
    format!("from lockstep import journaled\n\njournaled.begin()\n\nimport {main}\nfrom lockstep.entry import Exported as Procedure\n\njournaled.take_over()\n")
}

/// The oldest Python that what makes components runs on.
const OLDEST: (u64, u64) = (3, 10);

/// Python, which installs the rest.
///
/// # Errors
/// When it is missing or too old.
pub(super) fn found() -> Result<String, CliError> {
    let way = "install Python 3.10 or newer; on Debian: `apt-get install -y --no-install-recommends python3 python3-venv`";
    let found = tool::find_program("python3").and_then(|python| tool::first_line(&python, &["--version"])).ok_or_else(|| tool::missing("python3", way))?;
    let mut numbers = found.trim_start_matches("Python ").split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST => Ok(found),
        _ => Err(CliError::new(Code::ToolMissing, format!("{found} is too old to make procedures")).hint(way)),
    }
}

/// What makes components.
struct Compiler {
    program: PathBuf,
    environment: PathBuf,
    requirements: PathBuf,
}

/// The tool that the project's requirements name, installed.
fn compiler(folder: &Path, ui: &Ui) -> Result<Compiler, CliError> {
    let Some(root) = folder.ancestors().find(|above| above.join(REQUIREMENTS).is_file()) else {
        return Err(CliError::new(Code::ToolMissing, format!("no {REQUIREMENTS} says which tool builds {}", folder.display()))
            .detail("it names componentize-py and its digests")
            .hint("`lockstep new NAME --lang python` makes a project that has one"));
    };
    let environment = root.join(ENVIRONMENT);
    let compiler = Compiler { program: environment.join("bin/componentize-py"), requirements: root.join(REQUIREMENTS), environment };
    let _alone = tool::alone_with(&compiler.requirements)?;
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    if changed(&compiler.program).is_some_and(|installed| changed(&compiler.requirements).is_some_and(|named| named <= installed)) {
        return Ok(compiler);
    }
    found()?;
    ui.say(format!("installing what {} names into {}", compiler.requirements.display(), compiler.environment.display()));
    let made = tool::is_silent_unless_it_fails(tool::command("python3").args(["-m", "venv", "--clear"]).arg(&compiler.environment));
    let mut pip = tool::command(compiler.environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"]);
    if !made || !tool::succeeds(pip.arg(&compiler.requirements)) || !compiler.program.is_file() {
        return Err(CliError::new(Code::ToolMissing, "the tool that builds Python is not there, and could not be installed")
            .detail(format!("wanted: {}", compiler.program.display()))
            .hint("on Debian a virtual environment needs a package: `apt-get install -y --no-install-recommends python3-venv`")
            .hint(format!(
                "`cd {} && python3 -m venv {ENVIRONMENT} && {ENVIRONMENT}/bin/pip install --require-hashes -r {REQUIREMENTS}` says why",
                root.display()
            )));
    }
    Ok(compiler)
}

#[cfg(test)]
mod tests {
    use lockstep_api::Code;

    use super::manifest;

    #[test]
    fn a_project_that_is_no_procedure_says_what_one_has() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put("pyproject.toml", "[project]\nname = \"x\"\n[tool.lockstep]\nmian = \"a\"\n");
        let refused = |wanted: &str| {
            let error = manifest(folder.path()).err().unwrap();
            assert_eq!(error.code(), Code::NoLanguage);
            assert!(error.to_string().contains(wanted), "{error}");
        };
        refused("mian");
        put("pyproject.toml", "[project]\nname = \"x\"\n");
        refused("there is no package `lockstep`");
        put("sdk/lockstep/__init__.py", "");
        refused("src/main.py is not there");
        put("src/main.py", "");
        assert_eq!(manifest(folder.path()).unwrap().project.name, "x");
    }
}
