//! Columns that line up.

use super::words::harmless;
use super::{Style, paint};

/// Rows of cells; the last column is not padded.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Cell {
    text: String,
    style: Option<Style>,
}

impl Table {
    /// A table with a heading.
    pub(crate) fn headed(titles: &[&str]) -> Self {
        let mut table = Self::default();
        table.rows.push(titles.iter().map(|title| Cell { text: (*title).to_owned(), style: Some(Style::Dim) }).collect());
        table
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.iter().map(|text| Cell { text: harmless(text), style: None }).collect());
    }

    /// Gives the last row's cell of that column a style.
    pub(crate) fn style(&mut self, column: usize, style: Style) {
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.get_mut(column)) {
            cell.style = Some(style);
        }
    }

    /// One line a row, each ending with a newline.
    pub(crate) fn render(&self, color: bool) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (index, cell) in row.iter().enumerate() {
                let painted = cell.style.map_or_else(|| cell.text.clone(), |style| paint(color, style, &cell.text));
                line.push_str(&painted);
                if index + 1 < row.len() {
                    line.push_str(&" ".repeat(widths[index] - cell.text.chars().count() + 2));
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up() {
        let mut table = Table::headed(&["RUN", "OUTCOME"]);
        table.row(["01JABC", "succeeded"]);
        table.row(["01J", "failed"]);
        assert_eq!(table.render(false), "RUN     OUTCOME\n01JABC  succeeded\n01J     failed\n");
    }
}
