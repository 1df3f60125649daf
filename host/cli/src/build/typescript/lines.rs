//! Where the lines of the one file came from: read off esbuild's source map, written behind the file, so that a failure names the line its author knows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::error::CliError;

/// The parts of a source map that are asked for here.
#[derive(Deserialize)]
struct SourceMap {
    sources: Vec<String>,
    mappings: String,
}

/// A statement that gives the SDK the places of all lines that came from the project itself. `own` says what a source's path is called in the project, if it
/// is the project's.
///
/// # Errors
/// When the map is none.
pub(super) fn table(map: &str, own: impl Fn(&str) -> Option<String>) -> Result<String, CliError> {
    let unreadable = |what: &str| CliError::internal(format!("esbuild's source map is another: {what}"));
    let map: SourceMap = serde_json::from_str(map).map_err(|error| unreadable(&error.to_string()))?;
    let names: Vec<Option<String>> = map.sources.iter().map(|source| own(source)).collect();
    let mut places = BTreeMap::new();
    // Positions in a source are told from those before.
    let (mut source, mut line) = (0_i64, 0_i64);
    for (number, segments) in map.mappings.split(';').enumerate() {
        for segment in segments.split(',').filter(|segment| !segment.is_empty()) {
            let numbers = decoded(segment).ok_or_else(|| unreadable(segment))?;
            let [_, of_source, of_line, ..] = numbers.as_slice() else { continue };
            (source, line) = (source + of_source, line + of_line);
            if let Some(Some(name)) = usize::try_from(source).ok().and_then(|source| names.get(source)) {
                places.entry(number + 1).or_insert((name, line + 1));
            }
        }
    }
    let mut table = String::from("globalThis.lockstepLines = {");
    for (number, (name, line)) in places {
        _ = write!(table, "{number}:[{},{line}],", serde_json::json!(name));
    }
    Ok(table + "};\n")
}

/// The numbers of a segment: base 64, five bits a digit and the sixth for more to come, the lowest bit of a number its sign.
fn decoded(segment: &str) -> Option<Vec<i64>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut numbers, mut number, mut shift) = (Vec::new(), 0_i64, 0_u32);
    for byte in segment.bytes() {
        let digit = DIGITS.iter().position(|known| *known == byte)? as i64;
        number |= (digit & 31).checked_shl(shift)?;
        shift += 5;
        if digit & 32 == 0 {
            numbers.push(if number & 1 == 1 { -(number >> 1) } else { number >> 1 });
            (number, shift) = (0, 0);
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::{decoded, table};

    #[test]
    fn numbers_have_a_sign_and_as_many_digits_as_they_need() {
        assert_eq!(decoded("AACADgBh2C").unwrap(), [0, 0, 1, 0, -1, 16, -1_376]);
        assert_eq!(decoded("A!"), None);
    }

    #[test]
    fn each_line_of_the_project_leads_to_its_place_and_lines_of_others_nowhere() {
        // Line 1 is line 3 of b.ts, line 2 is nobody's, line 3 is the SDK's, line 4 is line 1 of b.ts.
        let map = r#"{"sources":["../sdk/a.ts","src/b.ts"],"mappings":"ACEA;;ADAA;ACFA"}"#;
        let own = |source: &str| source.strip_prefix("src/").map(|name| format!("src/{name}"));
        assert_eq!(table(map, own).unwrap(), "globalThis.lockstepLines = {1:[\"src/b.ts\",3],4:[\"src/b.ts\",1],};\n");
        assert!(table("{}", own).is_err());
    }
}
