//! Rows as they come in, held to the limits of grant and statement.

use lockstep_grant::DbTerms;
use lockstep_model::Failure;
use lockstep_model::request::{DbColumn, DbRows, DbStatement};

/// Gathers the rows of one statement.
pub(crate) struct Gather {
    rows: DbRows,
    bytes: usize,
    /// How many the statement wants.
    wanted: Option<usize>,
    most_rows: usize,
    most_bytes: usize,
}

impl Gather {
    pub(crate) fn new(terms: &DbTerms, statement: &DbStatement, columns: Vec<DbColumn>) -> Self {
        let wanted = statement.limit_rows.map(|rows| usize::try_from(rows).unwrap_or(usize::MAX));
        let bytes = columns.iter().map(|column| column.label.len()).sum();
        Self { rows: DbRows { columns, rows: Vec::new(), truncated: false }, bytes, wanted, most_rows: terms.rows, most_bytes: terms.bytes }
    }

    /// Whether the next row would be kept. Where it would not, the rows are marked as cut.
    pub(crate) fn wants_more(&mut self) -> bool {
        let more = self.wanted.is_none_or(|wanted| self.rows.rows.len() < wanted);
        self.rows.truncated |= !more;
        more
    }

    /// Keeps a row.
    ///
    /// # Errors
    /// `db.limit` when it is one too many.
    pub(crate) fn keep(&mut self, row: Vec<Option<String>>) -> Result<(), Failure> {
        /// What a row costs beside its texts.
        const ROW: usize = 16;
        self.bytes += ROW + row.iter().map(|cell| cell.as_ref().map_or(4, String::len)).sum::<usize>();
        if self.bytes > self.most_bytes {
            return Err(too_many(format!(
                "the answer has more than {} bytes: ask for less at once, or raise `bytes` of the database in the grant",
                self.most_bytes
            )));
        }
        if self.rows.rows.len() >= self.most_rows {
            let most = self.most_rows;
            return Err(too_many(format!(
                "the answer has more than {most} rows: say `limit-rows` to have the first ones, or raise `rows` of the database in the grant"
            )));
        }
        self.rows.rows.push(row);
        Ok(())
    }

    /// For what can only be said of all values of a column.
    pub(crate) fn columns(&mut self) -> &mut Vec<DbColumn> {
        &mut self.rows.columns
    }

    pub(crate) fn finish(self) -> DbRows {
        self.rows
    }
}

/// A limit that the grant sets.
pub(crate) fn too_many(message: String) -> Failure {
    Failure::problem("db.limit", message)
}

/// A column of a type that has no exact text here.
pub(crate) fn no_text(label: &str, declared: &str, cast: &str) -> Failure {
    Failure::problem("db.column-type", format!("column `{label}` is of type `{declared}`, which has no exact form here: write `{cast}`"))
}

/// A text that is none.
pub(crate) fn text(label: &str, bytes: &[u8]) -> Result<String, Failure> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
        let at = error.valid_up_to();
        Failure::problem(
            "db.invalid-utf8",
            format!("column `{label}` is not UTF-8: byte {at} of {} does not begin a character; ask for it as bytes", bytes.len()),
        )
    })
}

/// A floating-point number as the contract writes it: the shortest text that gives the same number again.
pub(crate) fn float(number: f64) -> String {
    if number.is_nan() { "NaN".to_owned() } else { format!("{number:?}") }
}

/// That a statement concerned as many rows as it must.
pub(crate) fn check_count(index: usize, expected: Option<u32>, affected: u64) -> Result<(), Failure> {
    match expected {
        Some(expected) if u64::from(expected) != affected => Err(Failure::problem(
            "db.row-count",
            format!("statement {} concerned {affected} rows where {expected} were expected; nothing of the transaction was kept", index + 1),
        )),
        Some(_) | None => Ok(()),
    }
}
