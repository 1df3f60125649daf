//! What tables have in them: how many rows, and a sum of their hashes, which is the same in whichever order they come.
//!
//! No cryptography: it finds what a dump lost on its way, not what somebody forged. The bytes of an artifact have a digest of their own.

use std::collections::BTreeMap;

use lockstep_model::Failure;
use lockstep_model::request::DbTable;

use crate::fault;

/// More tables make a list that nobody reads, and a record that is no record.
const MOST_TABLES: usize = 20_000;

/// The hash of one row (FNV-1a of 64 bits, mixed at its end, so that sums of similar rows differ).
pub(crate) struct RowHash(u64);

impl RowHash {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    pub(crate) fn finish(self) -> u64 {
        let mut hash = self.0;
        for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
            hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
        }
        hash ^ (hash >> 33)
    }
}

/// Tables as they are counted.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, (u64, u64)>);

impl Tally {
    /// A table that is there, perhaps without rows.
    pub(crate) fn table(&mut self, label: &str) {
        if !self.0.contains_key(label) {
            self.0.insert(label.to_owned(), (0, 0));
        }
    }

    pub(crate) fn row(&mut self, label: &str, hash: RowHash) {
        self.table(label);
        if let Some((rows, sum)) = self.0.get_mut(label) {
            *rows += 1;
            *sum = sum.wrapping_add(hash.finish());
        }
    }

    /// A table that somebody else has counted.
    pub(crate) fn counted(&mut self, label: String, rows: u64, sum: u64) {
        self.0.insert(label, (rows, sum));
    }

    pub(crate) fn finish(self) -> Result<Vec<DbTable>, Failure> {
        if self.0.len() > MOST_TABLES {
            return Err(fault::plain("db.limit", format!("the database has {} tables, and a backup says what is in at most {MOST_TABLES}", self.0.len())));
        }
        Ok(self.0.into_iter().map(|(label, (rows, sum))| DbTable { label, rows: rows.to_string(), checksum: format!("{sum:016x}") }).collect())
    }
}

/// In what two lists of tables differ; none when they do not.
pub(crate) fn difference(expected: &[DbTable], found: &[DbTable]) -> Option<String> {
    const SHOWN: usize = 5;
    let by_label = |tables: &[DbTable]| tables.iter().map(|table| (table.label.clone(), table.clone())).collect::<BTreeMap<_, _>>();
    let (expected, found) = (by_label(expected), by_label(found));
    let missing = expected.values().filter_map(|table| match found.get(&table.label) {
        None => Some(format!("table `{}` is missing", table.label)),
        Some(there) if there.rows != table.rows => Some(format!("table `{}` has {} rows where the backup was made of {}", table.label, there.rows, table.rows)),
        Some(there) if there.checksum != table.checksum => Some(format!("table `{}` has other rows than the backup was made of", table.label)),
        Some(_) => None,
    });
    let more = found.keys().filter(|label| !expected.contains_key(*label)).map(|label| format!("table `{label}` is one more"));
    let all: Vec<String> = missing.chain(more).collect();
    let rest = all.len().saturating_sub(SHOWN);
    let rest = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    (!all.is_empty()).then(|| format!("{}{rest}", all[..all.len().min(SHOWN)].join(", ")))
}

#[cfg(test)]
mod tests {
    use super::{RowHash, Tally, difference};

    fn tally(rows: &[(&str, &str)]) -> Vec<lockstep_model::request::DbTable> {
        let mut tally = Tally::default();
        tally.table("empty");
        for (table, row) in rows {
            let mut hash = RowHash::new();
            hash.take(row.as_bytes());
            tally.row(table, hash);
        }
        tally.finish().unwrap()
    }

    #[test]
    fn rows_in_another_order_are_the_same_rows_and_a_row_twice_is_another_thing() {
        let one = tally(&[("t", "a"), ("t", "b"), ("u", "a")]);
        assert_eq!(difference(&one, &tally(&[("u", "a"), ("t", "b"), ("t", "a")])), None);
        for (other, says) in [
            (vec![("t", "a"), ("t", "c"), ("u", "a")], "`t` has other rows"),
            (vec![("t", "a"), ("t", "b"), ("t", "b"), ("u", "a")], "`t` has 3 rows where the backup was made of 2"),
            (vec![("t", "a"), ("t", "b")], "`u` is missing"),
            (vec![("t", "a"), ("t", "b"), ("u", "a"), ("v", "a")], "`v` is one more"),
        ] {
            let found = difference(&one, &tally(&other)).unwrap();
            assert!(found.contains(says), "{found}");
        }
    }
}
