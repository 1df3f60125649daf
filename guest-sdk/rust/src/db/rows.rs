//! Rows that came back, each value as its text.

use std::fmt::Display;
use std::rc::Rc;
use std::str::FromStr;

use crate::bindings::lockstep::contract::db as host;
use crate::{Failure, Result};

/// A column: its label, the form of its values, and the server's own name for its type.
pub type Column = host::Column;

/// A value as text; none is NULL.
pub type Cell = Option<String>;

/// Rows, all in memory.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Asked for bytes: all others are here as their text.
    host: Rc<host::Rows>,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    truncated: bool,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    rows: &'a Rows,
    index: usize,
    cells: &'a [Cell],
}

impl Rows {
    pub(super) fn of(rows: host::Rows) -> Self {
        let columns = rows.columns();
        let width = u32::try_from(columns.len()).unwrap_or(u32::MAX);
        let cells = |row| (0..width).map(|column| rows.cell(row, column)).collect();
        Self { rows: (0..rows.count()).map(cells).collect(), truncated: rows.truncated(), columns, host: Rc::new(rows) }
    }

    /// The columns, in the order of the statement.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether rows were left out by `limit_rows`.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Each row.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().enumerate().map(|(index, cells)| Row { rows: self, index, cells })
    }

    /// The only row. Fails with `step.assertion` when there are more or none.
    pub fn one(&self) -> Result<Row<'_>> {
        match self.rows.as_slice() {
            [cells] => Ok(Row { rows: self, index: 0, cells }),
            rows => Err(Failure::assertion(format!("{} rows came back, expected one", rows.len()))),
        }
    }

    /// The first value of the only row, read as what is wanted.
    pub fn value<T: FromStr<Err: Display>>(&self) -> Result<T> {
        let label = self.columns.first().map_or("", |column| column.label.as_str());
        self.one()?.get(label)
    }
}

impl<'a> Row<'a> {
    /// A value by its column's label: none for NULL. Fails with `step.assertion` when there is no such column.
    pub fn text(&self, label: &str) -> Result<Option<&'a str>> {
        Ok(self.cells.get(self.column(label)?).and_then(Option::as_deref))
    }

    /// A value of kind `bytes`, or the bytes of any other's text: none for NULL. Fails with `step.assertion` when there is no such column.
    pub fn bytes(&self, label: &str) -> Result<Option<Vec<u8>>> {
        let whole = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        Ok(self.rows.host.cell_bytes(whole(self.index), whole(self.column(label)?)))
    }

    /// A value by its column's label, read as what is wanted. Fails with `step.assertion` when it is NULL or something else.
    pub fn get<T: FromStr<Err: Display>>(&self, label: &str) -> Result<T> {
        let text = self.text(label)?.ok_or_else(|| Failure::assertion(format!("column `{label}` is NULL")))?;
        text.parse().map_err(|error| Failure::assertion(format!("column `{label}` is `{text}`: {error}")))
    }
    fn column(&self, label: &str) -> Result<usize> {
        let found = self.rows.columns.iter().position(|column| column.label == label);
        found.ok_or_else(|| Failure::assertion(format!("there is no column `{label}`")))
    }
}
