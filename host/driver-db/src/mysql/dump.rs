//! Reads a dump as it passes: which tables are in it, and how many rows of each. So what a backup says of itself is said of its very bytes.

use std::mem;

use lockstep_model::Failure;
use lockstep_model::request::DbTable;

use crate::fault;
use crate::tally::{RowHash, Tally};

/// What a line begins with that says what follows; the longest of them decides how much of a line is looked at first.
const INSERT: &[u8] = b"INSERT INTO `";
const CREATE: &[u8] = b"CREATE TABLE `";
const DELIMITER: &[u8] = b"DELIMITER ";
const COMPLETED: &[u8] = b"-- Dump completed";
const LONGEST: usize = 17;
/// Names have 64 characters at most, and the list of a table's columns names them all.
const LONGEST_NAME: usize = 1 << 10;

/// A dump that passes in pieces.
#[derive(Default)]
pub(super) struct Dump {
    at: At,
    tally: Tally,
    /// The table whose rows come.
    table: String,
    /// Within a trigger or a routine, whose text may look like anything.
    routine: bool,
    completed: bool,
}

/// Where in the dump it is.
enum At {
    /// In a line that may say something.
    Line(Vec<u8>),
    /// In one that does not.
    Skip,
    /// In a table's name; whether it is one that gets rows, and whether a backtick was the last.
    Name { name: Vec<u8>, rows: bool, ticked: bool },
    /// Behind it, before `VALUES`: within a column's name or not.
    Head { quoted: bool, word: usize },
    /// Between two rows.
    Rows,
    /// In a row.
    Row { hash: RowHash, depth: u32, text: Text },
}

/// Whether a row is within a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    Escaped,
}

impl Default for At {
    fn default() -> Self {
        Self::Line(Vec::new())
    }
}

impl Dump {
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        bytes.iter().try_for_each(|byte| self.byte(*byte))
    }

    fn byte(&mut self, byte: u8) -> Result<(), Failure> {
        self.at = match (mem::replace(&mut self.at, At::Skip), byte) {
            (At::Line(line), b'\n') => {
                self.line(&line);
                At::default()
            }
            (At::Line(line), byte) => self.begun(line, byte),
            (At::Skip, b'\n') => At::default(),
            (At::Skip, _) => At::Skip,
            (At::Name { name, rows, ticked }, byte) => self.name(name, rows, ticked, byte)?,
            (At::Head { quoted: true, .. }, b'`') => At::Head { quoted: false, word: 0 },
            (At::Head { quoted: true, .. }, _) => At::Head { quoted: true, word: 0 },
            (At::Head { .. }, b'`') => At::Head { quoted: true, word: 0 },
            (At::Head { word, .. }, byte) => match b"VALUES".get(word) {
                Some(expected) if *expected == byte && word == 5 => At::Rows,
                Some(expected) if *expected == byte => At::Head { quoted: false, word: word + 1 },
                Some(_) | None => At::Head { quoted: false, word: 0 },
            },
            (At::Rows, b'(') => {
                let mut hash = RowHash::new();
                hash.take(b"(");
                At::Row { hash, depth: 1, text: Text::Outside }
            }
            (At::Rows, b';') => At::Skip,
            (At::Rows, _) => At::Rows,
            (At::Row { hash, depth, text }, byte) => self.row(hash, depth, text, byte),
        };
        Ok(())
    }

    /// A line that is short.
    fn line(&mut self, line: &[u8]) {
        if let Some(delimiter) = line.strip_prefix(DELIMITER) {
            self.routine = delimiter != b";";
        }
        self.completed = line.starts_with(COMPLETED) || (self.completed && line.is_empty());
    }

    /// The beginning of a line, with one byte more.
    fn begun(&mut self, mut line: Vec<u8>, byte: u8) -> At {
        line.push(byte);
        if !self.routine {
            if line == INSERT {
                return At::Name { name: Vec::new(), rows: true, ticked: false };
            }
            if line == CREATE {
                return At::Name { name: Vec::new(), rows: false, ticked: false };
            }
        }
        if line.len() < LONGEST {
            return At::Line(line);
        }
        self.line(&line);
        At::Skip
    }

    fn name(&mut self, mut name: Vec<u8>, rows: bool, ticked: bool, byte: u8) -> Result<At, Failure> {
        if name.len() > LONGEST_NAME {
            return Err(fault::plain("db.error", "the dump has a name that is longer than names are"));
        }
        Ok(match (ticked, byte) {
            (false, b'`') => At::Name { name, rows, ticked: true },
            // Two of them stand for one.
            (true, b'`') | (false, _) => {
                name.push(byte);
                At::Name { name, rows, ticked: false }
            }
            (true, _) => {
                self.table = String::from_utf8_lossy(&name).into_owned();
                self.tally.table(&self.table);
                if rows { At::Head { quoted: false, word: 0 } } else { At::Skip }
            }
        })
    }

    fn row(&mut self, mut hash: RowHash, depth: u32, text: Text, byte: u8) -> At {
        hash.take(&[byte]);
        let (depth, text) = match (text, byte) {
            (Text::Outside, b'\'') | (Text::Escaped, _) => (depth, Text::Inside),
            (Text::Outside, b'(') => (depth + 1, text),
            (Text::Outside, b')') => (depth - 1, text),
            (Text::Inside, b'\\') => (depth, Text::Escaped),
            (Text::Inside, b'\'') => (depth, Text::Outside),
            (Text::Outside | Text::Inside, _) => (depth, text),
        };
        if depth > 0 {
            return At::Row { hash, depth, text };
        }
        self.tally.row(&self.table, hash);
        At::Rows
    }

    /// What was in it, when it had an end.
    pub(super) fn finish(mut self) -> Result<Vec<DbTable>, Failure> {
        if let At::Line(line) = mem::take(&mut self.at) {
            self.line(&line);
        }
        if !self.completed {
            return Err(fault::plain("db.tool", "the dump has no end: its last line does not say that it is complete"));
        }
        self.tally.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Dump;

    const DUMP: &str = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump\nCREATE TABLE `t` (\n  `id` int NOT NULL\n) ENGINE=InnoDB;\n\
        INSERT INTO `t` VALUES\n(1,'a\\'),(b'),\n(2,NULL),(3,'\\\\');\nCREATE TABLE `ti``ck` (\n);\n\
        INSERT INTO `ti``ck` (`VALUES`, `b`) VALUES (1,_binary 'x'),(2,0x00FF);\nCREATE TABLE `none` (\n);\n\
        DELIMITER ;;\nCREATE PROCEDURE `p`()\nINSERT INTO `t` VALUES (9) ;;\nDELIMITER ;\n-- Dump completed\n";

    fn read(text: &str, size: usize) -> Result<Vec<(String, String)>, lockstep_model::Failure> {
        let mut dump = Dump::default();
        text.as_bytes().chunks(size).try_for_each(|chunk| dump.take(chunk))?;
        Ok(dump.finish()?.into_iter().map(|table| (table.label, table.rows)).collect())
    }

    #[test]
    fn rows_are_counted_however_a_dump_is_cut_into_pieces_and_whatever_is_in_them() {
        let expected = [("none", "0"), ("t", "3"), ("ti`ck", "2")].map(|(label, rows)| (label.to_owned(), rows.to_owned()));
        for size in [1, 2, 3, 7, 64, 10_000] {
            assert_eq!(read(DUMP, size).unwrap(), expected, "{size}");
        }
    }

    #[test]
    fn t12_a_dump_that_does_not_say_that_it_is_complete_is_none() {
        for cut in [DUMP.len() - 4, DUMP.len() - 30, DUMP.find("(2,NULL").unwrap()] {
            assert_eq!(read(&DUMP[..cut], 64).unwrap_err().code(), "db.tool", "{cut}");
        }
    }
}
