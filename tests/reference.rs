//! The reference of each SDK: every function of the contract with what that SDK calls it and the contract's own words, so that nothing is forgotten.
//!
//! The pages are made here: of the doc comments in `wit/`, and of the lines of each SDK's sources that declare the functions. They are compared with those
//! that are kept, and written anew by `scripts/test --reference`.

mod declared;
mod said;

use std::fmt::Write as _;

use wit_parser::{Docs, FunctionKind, Interface, Resolve, WorldItem};

use crate::place::root;
use declared::Language;

/// A function of the contract.
struct Asked {
    /// `http.request.send`; of a constructor `http.request`.
    name: String,
    docs: String,
}

/// An interface of the contract, in the order in which a reader meets them.
struct Section {
    name: String,
    docs: String,
    functions: Vec<Asked>,
}

fn sections() -> Vec<Section> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(root().join("wit")).unwrap();
    let worlds = resolve.packages[package].worlds.values().map(|id| &resolve.worlds[*id]);
    let mut sections: Vec<Section> = Vec::new();
    for item in worlds.flat_map(|world| world.imports.values()) {
        let WorldItem::Interface { id, .. } = item else { continue };
        let interface = &resolve.interfaces[*id];
        if !sections.iter().any(|section| Some(&section.name) == interface.name.as_ref()) {
            sections.push(section(&resolve, interface));
        }
    }
    sections
}

fn section(resolve: &Resolve, interface: &Interface) -> Section {
    let name = interface.name.clone().unwrap();
    let functions = interface.functions.values().map(|function| {
        let resource = |id| resolve.types[id].name.clone().unwrap();
        let member = match function.kind {
            FunctionKind::Constructor(id) => resource(id),
            FunctionKind::Method(id) | FunctionKind::Static(id) => format!("{}.{}", resource(id), function.item_name()),
            _ => function.name.clone(),
        };
        Asked { name: format!("{name}.{member}"), docs: words(&function.docs) }
    });
    Section { functions: functions.collect(), docs: words(&interface.docs), name }
}

fn words(docs: &Docs) -> String {
    docs.contents.clone().unwrap_or_default().trim().to_owned()
}

/// The page of one language, and what of the contract has no declaration in its SDK although `said` knows no reason.
fn page(sections: &[Section], language: Language) -> (String, Vec<String>) {
    let (title, fence) = (language.title(), language.fence());
    let mut page = format!(
        "# The contract in {title}\n\nEvery function of the contract, what the {title} SDK calls it, and what the contract says of it. Made of `wit/` and of the SDK's sources by \
         `scripts/test --reference`; what the SDK adds (expectations, waits, units) stands in its sources.\n"
    );
    let mut forgotten = Vec::new();
    for section in sections.iter().filter(|section| !section.functions.is_empty()) {
        _ = write!(page, "\n## {}\n\n{}\n", section.name, section.docs);
        for Asked { name, docs } in &section.functions {
            _ = write!(page, "\n### {name}\n\n");
            match said::by(language, name) {
                None => page.push_str("Authors have no name for it in this SDK.\n"),
                Some(said) => match declared::find(language, &said) {
                    Some(declaration) => _ = writeln!(page, "```{fence}\n{declaration}\n```"),
                    None => forgotten.push(format!("{name}, as {said}")),
                },
            }
            _ = write!(page, "\n{docs}\n");
        }
    }
    (page, forgotten)
}

#[test]
fn every_function_of_the_contract_is_in_every_sdk_and_the_references_say_how() {
    let sections = sections();
    assert!(sections.iter().map(|section| section.functions.len()).sum::<usize>() > 100, "the contract was not found");
    for language in Language::ALL {
        let (page, forgotten) = page(&sections, language);
        assert!(forgotten.is_empty(), "not found in the {} SDK: {}", language.title(), forgotten.join("; "));
        let file = root().join("guest-sdk").join(language.folder()).join("REFERENCE.md");
        if std::env::var_os("LOCKSTEP_REFERENCE").is_some_and(|value| value == "write") {
            std::fs::write(&file, &page).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == page, "{} is out of date: `scripts/test --reference` writes it anew", file.display());
    }
}

#[test]
fn no_exception_of_a_language_is_left_over() {
    let sections = sections();
    let names: Vec<_> = sections.iter().flat_map(|section| &section.functions).map(|asked| asked.name.as_str()).collect();
    let left = said::exceptions().filter(|name| !names.iter().any(|asked| asked == name || said::in_all(asked) == *name));
    assert_eq!(left.collect::<Vec<_>>(), [""; 0], "exceptions for what no function is called");
}
