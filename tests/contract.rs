//! The rules of the contract that a machine can check: what five guest languages taught, and that everything is documented.

use wit_parser::{Resolve, Type, TypeDefKind};

use crate::place::root;

/// Names that are reserved, or mean something else, in a guest language.
const AVOIDED: &[&str] = &[
    "new",
    "drop",
    "handle",
    "take-handle",
    "from-handle",
    "self",
    "box",
    "name",
    "length",
    "prototype",
    "arguments",
    "constructor",
    "typeof",
    "restrict",
    "tag",
    "type",
    "from",
    "import",
    "default",
    "func",
    "async",
    "yield",
    "register",
];

fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    resolve.push_dir(root().join("wit")).unwrap();
    resolve
}

/// The text of every interface, so that a rule can be checked where the parser forgets.
fn texts() -> Vec<(String, String)> {
    let mut texts: Vec<_> = std::fs::read_dir(root().join("wit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wit"))
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    texts.sort();
    assert!(texts.len() >= 12, "the contract was not found");
    texts
}

#[test]
fn no_number_has_64_bits() {
    let resolve = contract();
    for (_, definition) in resolve.types.iter() {
        if let TypeDefKind::Type(Type::U64 | Type::S64) = definition.kind {
            panic!("{:?} is a 64-bit number: JavaScript would trap", definition.name);
        }
    }
    for (file, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            assert!(!code.contains("u64") && !code.contains("s64"), "{file}:{}: a 64-bit number: JavaScript would trap", number + 1);
        }
    }
}

#[test]
fn no_member_has_a_name_that_a_guest_language_keeps_for_itself() {
    let resolve = contract();
    for (_, interface) in resolve.interfaces.iter() {
        for name in interface.functions.keys() {
            let member = name.rsplit('.').next().unwrap_or(name).trim_start_matches("[constructor]");
            assert!(!AVOIDED.contains(&member), "{:?}.{name}", interface.name);
        }
        for name in interface.types.keys() {
            assert!(!AVOIDED.contains(&name.as_str()), "{:?}.{name}", interface.name);
        }
    }
}

#[test]
fn no_constructor_can_fail() {
    let resolve = contract();
    for (_, interface) in resolve.interfaces.iter() {
        for (name, function) in interface.functions.iter().filter(|(name, _)| name.starts_with("[constructor]")) {
            let Some(Type::Id(id)) = function.result else { continue };
            assert!(!matches!(resolve.types[id].kind, TypeDefKind::Result(_)), "{name} of {:?} can fail: Python would trap", interface.name);
        }
    }
}

#[test]
fn everything_is_documented_and_says_since_when() {
    let resolve = contract();
    for (_, interface) in resolve.interfaces.iter() {
        let at = interface.name.clone().unwrap_or_default();
        assert!(interface.docs.contents.is_some(), "interface {at} has no ///");
        for (name, function) in &interface.functions {
            assert!(function.docs.contents.is_some(), "{at}.{name} has no ///");
        }
        for (name, id) in &interface.types {
            let definition = &resolve.types[*id];
            let used = matches!(definition.kind, TypeDefKind::Type(_));
            assert!(used || definition.docs.contents.is_some(), "{at}.{name} has no ///");
        }
    }
    for (file, text) in texts() {
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let opens = ["interface ", "world ", "resource ", "record ", "variant "].iter().any(|word| line.starts_with(word));
            let function = line.contains(": func(") || line.starts_with("constructor(");
            if opens || function {
                assert!(lines[number - 1].starts_with("@since"), "{file}:{}: `{line}` has no @since", number + 1);
            }
        }
    }
}

#[test]
fn every_capability_call_names_its_effect_class() {
    for capability in ["http", "shell", "files", "redis", "kube", "db", "secret", "artifact", "clock", "random", "log"] {
        let text = std::fs::read_to_string(root().join(format!("wit/{capability}.wit"))).unwrap();
        assert!(text.contains("ffect class"), "{capability}.wit names no effect class");
    }
}
