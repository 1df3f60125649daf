//! A guest of a few lines of WebAssembly text: what is not said about it does nothing and succeeds.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The contract's folder.
const WIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");

/// As much of WASI as these guests import. Of a version that is put in place of `VERSION`.
const WASI: &str = include_str!("wasi.wit");

/// The next room, 8 bytes to a place; the memory grows as needed.
const REALLOC: &str = "
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (block $fits (loop $more
        (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (drop (memory.grow (i32.const 16)))
        (br $more)))
    (local.get $at)";

/// A guest under construction.
///
/// Memory: results of 64 zero bytes (ok, none) at 16, texts from 1,024 on, room for results at 8,192, and a heap above the first page.
pub(crate) struct Guest {
    wit: PathBuf,
    version: &'static str,
    wasi: Option<&'static str>,
    memory: &'static str,
    imports: String,
    items: String,
    describe: String,
    plan: String,
    run_step: String,
    undo_step: String,
    realloc: &'static str,
    next_text: usize,
}

impl Guest {
    /// Describes itself as `guest 1.0.0` and plans one step, `work`.
    pub(crate) fn new() -> Self {
        Self::of_contract(Path::new(WIT), "0.1.0")
    }

    /// As `new`, built for another contract.
    pub(crate) fn of_contract(wit: &Path, version: &'static str) -> Self {
        let mut guest = Self {
            wit: wit.to_owned(),
            version,
            wasi: None,
            memory: r#"(memory (export "memory") 2)"#,
            imports: String::new(),
            items: String::new(),
            describe: String::new(),
            plan: String::new(),
            run_step: "(i32.const 16)".to_owned(),
            undo_step: "(i32.const 16)".to_owned(),
            realloc: REALLOC,
            next_text: 1_024,
        };
        guest = guest.import("plan", "[constructor]description", "(param i32 i32 i32 i32) (result i32)");
        guest = guest.import("plan", "[constructor]step", "(param i32 i32 i32 i32) (result i32)");
        let (id, version, step) = (guest.text("guest"), guest.text("1.0.0"), guest.text("work"));
        guest.describe(&format!("(drop (call $description {id} {version}))")).plan(&format!("(drop (call $step {step} {step}))"))
    }

    /// Imports a function; it is called by its name without `[…]`, and with `.` where the name has one.
    pub(crate) fn import(self, interface: &str, function: &str, signature: &str) -> Self {
        let name = function.rsplit(']').next().unwrap();
        self.import_as(interface, function, name, signature)
    }

    /// As `import`, under another name.
    pub(crate) fn import_as(mut self, interface: &str, function: &str, name: &str, signature: &str) -> Self {
        let version = self.version;
        writeln!(self.imports, r#"(import "lockstep:contract/{interface}@{version}" "{function}" (func ${name} {signature}))"#).unwrap();
        self
    }

    /// May import WASI of this version.
    pub(crate) fn of_wasi(self, version: &'static str) -> Self {
        Self { wasi: Some(version), ..self }
    }

    /// Imports a function of WASI; it is called as those of `import` are.
    pub(crate) fn import_wasi(self, interface: &str, function: &str, signature: &str) -> Self {
        let name = function.rsplit(']').next().unwrap();
        self.import_wasi_as(interface, function, name, signature)
    }

    /// As `import_wasi`, under another name.
    pub(crate) fn import_wasi_as(mut self, interface: &str, function: &str, name: &str, signature: &str) -> Self {
        let version = *self.wasi.get_or_insert("0.2.3");
        writeln!(self.imports, r#"(import "wasi:{interface}@{version}" "{function}" (func ${name} {signature}))"#).unwrap();
        self
    }

    /// Puts a text into memory and gives the two arguments that pass it.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let at = self.next_text;
        let bytes: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        writeln!(self.items, r#"(data (i32.const {at}) "{bytes}")"#).unwrap();
        self.next_text += text.len();
        assert!(self.next_text <= 8_192, "the guest's texts run into its results");
        format!("(i32.const {at}) (i32.const {})", text.len())
    }

    /// Adds functions, globals, tables.
    pub(crate) fn item(mut self, item: &str) -> Self {
        self.items.push_str(item);
        self
    }

    /// Declares memories instead of the one of two pages. The first must be exported as `memory`.
    pub(crate) fn memory(mut self, memory: &'static str) -> Self {
        self.memory = memory;
        self
    }

    /// How it makes room for what the host gives it: leaves an address. `local.get 3` is the size, `$at` is free.
    pub(crate) fn realloc(self, realloc: &'static str) -> Self {
        Self { realloc, ..self }
    }

    /// What `describe` does.
    pub(crate) fn describe(self, code: &str) -> Self {
        Self { describe: code.to_owned(), ..self }
    }

    /// What `plan` does before it succeeds.
    pub(crate) fn plan(self, code: &str) -> Self {
        Self { plan: code.to_owned(), ..self }
    }

    /// What `run-step` does: leaves the address of its result. `$step` and `$length` are the step's id, `$i` is free.
    pub(crate) fn run_step(self, code: &str) -> Self {
        Self { run_step: code.to_owned(), ..self }
    }

    /// What `undo-step` does, as `run_step`.
    pub(crate) fn undo_step(self, code: &str) -> Self {
        Self { undo_step: code.to_owned(), ..self }
    }

    /// The core module's text.
    fn module(&self) -> String {
        let Self { version, memory, imports, items, describe, plan, run_step, undo_step, realloc, .. } = self;
        let export = format!("lockstep:contract/procedure@{version}");
        format!(
            r#"(module
            {imports}
            {memory}
            (global $free (mut i32) (i32.const 65536))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32) {realloc})
            {items}
            (func (export "{export}#describe") (local $i i32) {describe})
            (func (export "{export}#plan") (result i32) (local $i i32) {plan} (i32.const 16))
            (func (export "{export}#run-step") (param $step i32) (param $length i32) (result i32) (local $i i32) {run_step})
            (func (export "{export}#undo-step") (param $step i32) (param $length i32) (result i32) (local $i i32) {undo_step}))"#
        )
    }

    /// The component's bytes.
    pub(crate) fn component(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.module()).unwrap_or_else(|error| panic!("{error}\n{}", self.module()));
        let mut resolve = Resolve::default();
        resolve.push_dir(&self.wit).unwrap();
        let version = self.version;
        let world: String = ["base", "with-http", "with-shell", "with-files", "with-secret", "with-db", "with-kube", "with-redis"]
            .map(|world| format!("include lockstep:contract/{world}@{version};"))
            .concat();
        let (wasi, packages) = match self.wasi {
            Some(version) => ("include test:wasi/everything;", WASI.replace("VERSION", version)),
            None => ("", String::new()),
        };
        if !packages.is_empty() {
            resolve.push_str("wasi.wit", &packages).unwrap();
        }
        let package = resolve.push_str("guest.wit", &format!("package test:guest; world guest {{ {world} {wasi} }}")).unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
    }
}

/// The contract as a later version might be: another number, and one more function in `clock`.
pub(crate) fn contract_at(version: &str, into: &Path) {
    for file in std::fs::read_dir(WIT).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replace("package lockstep:contract@0.1.0;", &format!("package lockstep:contract@{version};"));
            let text = text.replace("interface clock {", "interface clock {\n    /// Later.\n    @since(version = 0.1.0)\n    ticks: func() -> u32;\n");
            std::fs::write(into.join(path.file_name().unwrap()), text).unwrap();
        }
    }
}
