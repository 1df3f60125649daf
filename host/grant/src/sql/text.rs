//! The text as it is sent: what could be read in two ways is refused, and `$1` becomes the engine's own placeholder, found by the engine's own tokens, so
//! that nothing in a string, a comment or a quoted name is touched.

use lockstep_model::request::{DbStatement, DbValue};
use sqlparser::dialect::Dialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use super::{Engine, SqlError};

/// Most names and operators of a statement. A chain of operators is as deep as it is long, and its tree is walked by recursion.
const MOST_PARTS: usize = 1_000;

/// Comments that a server runs or obeys.
const LIVE_COMMENTS: [&str; 4] = ["/*!", "/*M!", "/*m!", "/*+"];

/// A statement's text with the engine's placeholders.
pub(super) struct Sent {
    pub(super) sql: String,
    /// Which parameter each placeholder stands for.
    pub(super) order: Vec<usize>,
}

pub(super) fn sent(engine: Engine, dialect: &dyn Dialect, statement: &DbStatement) -> Result<Sent, SqlError> {
    let text = statement.sql.as_str();
    check_characters(text)?;
    let tokens = Tokenizer::new(dialect, text).with_unescape(false).tokenize_with_location().map_err(|error| SqlError::Unparsable(error.to_string()))?;
    check_tokens(&tokens)?;
    let places = Places::of(text);
    let (mut sql, mut order, mut copied) = (String::with_capacity(text.len()), Vec::new(), 0);
    let mut used = vec![false; statement.parameters.len()];
    for token in &tokens {
        let Some(number) = placeholder(&token.token)? else { continue };
        let index = number.checked_sub(1).filter(|index| *index < used.len());
        let Some(index) = index else {
            return Err(SqlError::Placeholder(format!("placeholder `${number}` has no parameter: {} are bound", used.len())));
        };
        let (from, to) = (places.byte(text, token.span.start), places.byte(text, token.span.end));
        if text.get(from..to) != Some(&format!("${number}")) {
            return Err(SqlError::Placeholder(format!("placeholder `${number}` cannot be found in the text")));
        }
        sql.push_str(&text[copied..from]);
        copied = to;
        used[index] = true;
        let earlier = order.iter().position(|earlier| *earlier == index);
        sql.push_str(&own_form(engine, number, &statement.parameters[index]));
        match engine {
            Engine::Mariadb | Engine::Mysql => order.push(index),
            Engine::Postgresql | Engine::Sqlite if earlier.is_none() => order.push(index),
            Engine::Postgresql | Engine::Sqlite => {}
        }
    }
    sql.push_str(&text[copied..]);
    if let Some(unused) = used.iter().position(|used| !used) {
        return Err(SqlError::Placeholder(format!("parameter {} is bound, and `${}` is not in the statement", unused + 1, unused + 1)));
    }
    match engine {
        // Numbered: bound in the order of their numbers.
        Engine::Postgresql | Engine::Sqlite => order.sort_unstable(),
        Engine::Mariadb | Engine::Mysql => {}
    }
    Ok(Sent { sql, order })
}

fn own_form(engine: Engine, number: usize, value: &DbValue) -> String {
    match engine {
        Engine::Postgresql => format!("${number}"),
        Engine::Sqlite => format!("?{number}"),
        Engine::Mariadb | Engine::Mysql => match value {
            // As a text it would be compared as a floating-point number.
            DbValue::Decimal(digits) => {
                let (whole, fraction) = digits.trim_start_matches('-').split_once('.').unwrap_or((digits.trim_start_matches('-'), ""));
                format!("CAST(? AS DECIMAL({}, {}))", (whole.len() + fraction.len()).max(1), fraction.len())
            }
            DbValue::Null
            | DbValue::Boolean(_)
            | DbValue::Integer(_)
            | DbValue::Float(_)
            | DbValue::Text(_)
            | DbValue::Bytes(_)
            | DbValue::Timestamp(_)
            | DbValue::Json(_) => "?".to_owned(),
        },
    }
}

fn check_characters(text: &str) -> Result<(), SqlError> {
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' if rest.peek() != Some(&'\n') => return Err(SqlError::Ambiguous("has a carriage return without a line feed")),
            '\t' | '\n' | '\r' => {}
            c if c.is_control() => return Err(SqlError::Ambiguous("has a control character")),
            c if c.is_whitespace() && !c.is_ascii() => return Err(SqlError::Ambiguous("has a blank that is not one of ASCII")),
            _ => {}
        }
    }
    if LIVE_COMMENTS.iter().any(|comment| text.contains(comment)) {
        return Err(SqlError::Ambiguous("has a comment that servers obey (`/*!`, `/*+`)"));
    }
    Ok(())
}

fn check_tokens(tokens: &[TokenWithSpan]) -> Result<(), SqlError> {
    let mut parts = 0;
    for token in tokens {
        match &token.token {
            Token::Whitespace(Whitespace::MultiLineComment(comment)) if comment.contains("/*") || comment.contains("*/") => {
                return Err(SqlError::Ambiguous("has a comment within a comment"));
            }
            Token::Whitespace(Whitespace::SingleLineComment { prefix, comment }) => {
                if prefix == "--" && !comment.starts_with([' ', '\t', '\n', '\r']) && !comment.is_empty() {
                    return Err(SqlError::Ambiguous("has a comment without a blank after `--`"));
                }
            }
            Token::Whitespace(_)
            | Token::Comma
            | Token::LParen
            | Token::RParen
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Placeholder(_)
            | Token::EOF => {}
            _ => parts += 1,
        }
    }
    if parts > MOST_PARTS { Err(SqlError::TooLong(MOST_PARTS)) } else { Ok(()) }
}

/// The number of a placeholder of ours. One of any other form is refused.
fn placeholder(token: &Token) -> Result<Option<usize>, SqlError> {
    const MOST: usize = 64;
    let text = match token {
        Token::Placeholder(text) => text.as_str(),
        // Where `$` begins a name.
        Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('$') => word.value.as_str(),
        _ => return Ok(None),
    };
    let digits = text.strip_prefix('$').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0'));
    match digits.and_then(|digits| digits.parse().ok()).filter(|number| (1..=MOST).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => {
            Err(SqlError::Placeholder(format!("placeholder `{}`: write `$1` to `${MOST}`, whatever the engine", text.chars().take(20).collect::<String>())))
        }
    }
}

/// Where each line begins.
pub(super) struct Places(Vec<usize>);

impl Places {
    pub(super) fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    pub(super) fn byte(&self, text: &str, at: Location) -> usize {
        let line = usize::try_from(at.line).unwrap_or(usize::MAX).saturating_sub(1);
        let column = usize::try_from(at.column).unwrap_or(usize::MAX).saturating_sub(1);
        let Some(&begins) = self.0.get(line) else { return text.len() };
        text[begins..].char_indices().nth(column).map_or(text.len(), |(offset, _)| begins + offset)
    }
}
