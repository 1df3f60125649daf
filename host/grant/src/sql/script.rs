//! Scripts of migrations, taken apart into statements by the engine's own tokens. Each is judged and sent alone, so that a wrong cut can only be refused.

use sqlparser::tokenizer::{Token, Tokenizer};

use super::text::Places;
use super::{Engine, SqlError};

/// Most statements of a script.
const MOST_STATEMENTS: usize = 256;

/// The statements between the semicolons, without what is only blank or comment.
pub(crate) fn statements_of(engine: Engine, script: &str) -> Result<Vec<String>, SqlError> {
    let tokens = Tokenizer::new(engine.dialect(), script).with_unescape(false).tokenize_with_location();
    let tokens = tokens.map_err(|error| SqlError::Unparsable(error.to_string()))?;
    let places = Places::of(script);
    let (mut statements, mut begins) = (Vec::new(), None);
    for token in &tokens {
        match token.token {
            Token::SemiColon | Token::EOF => {
                let ends = places.byte(script, token.span.start);
                let ends = if token.token == Token::EOF { script.len() } else { ends };
                statements.extend(begins.take().and_then(|begins| script.get(begins..ends)).map(|text| text.trim_end().to_owned()));
            }
            Token::Whitespace(_) => {}
            _ => {
                begins.get_or_insert_with(|| places.byte(script, token.span.start));
            }
        }
    }
    // The tokens need not have an end of their own.
    statements.extend(begins.and_then(|begins| script.get(begins..)).map(|text| text.trim_end().to_owned()));
    match statements.len() {
        0 => Err(SqlError::Empty),
        count if count > MOST_STATEMENTS => Err(SqlError::TooMany(MOST_STATEMENTS)),
        _ => Ok(statements),
    }
}

#[cfg(test)]
mod tests {
    use super::{Engine, SqlError, statements_of};

    #[test]
    fn a_script_is_cut_at_the_semicolons_between_its_statements_and_nowhere_else() {
        let script = "-- a; comment\nCREATE TABLE a (t TEXT DEFAULT ';;ä');\n/* b; */ ;\nINSERT INTO a (t)\n  VALUES ('x;'); -- more\nDELETE FROM \"a;b\" WHERE t = 'y' ";
        for engine in [Engine::Postgresql, Engine::Sqlite] {
            let found = statements_of(engine, script).unwrap();
            let expected = ["CREATE TABLE a (t TEXT DEFAULT ';;ä')", "INSERT INTO a (t)\n  VALUES ('x;')", "DELETE FROM \"a;b\" WHERE t = 'y'"];
            assert_eq!(found, expected, "{engine:?}");
        }
        assert_eq!(statements_of(Engine::Mariadb, "SELECT `a;b`; # c;\nSELECT 'it\\'s;'").unwrap(), ["SELECT `a;b`", "SELECT 'it\\'s;'"]);
        assert_eq!(statements_of(Engine::Postgresql, "SELECT $$a;b$$; SELECT 1;").unwrap().len(), 2);
    }

    #[test]
    fn a_script_without_a_statement_or_with_too_many_is_refused() {
        assert_eq!(statements_of(Engine::Sqlite, " ;; -- nothing\n"), Err(SqlError::Empty));
        assert_eq!(statements_of(Engine::Sqlite, &"SELECT 1;".repeat(257)), Err(SqlError::TooMany(256)));
        assert!(matches!(statements_of(Engine::Sqlite, "SELECT 'open"), Err(SqlError::Unparsable(_))));
    }
}
