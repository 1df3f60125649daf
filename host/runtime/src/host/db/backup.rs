//! Orders of backups as a guest gives them, and backups as the host has made them: a guest can carry one about, and make none up.

use lockstep_gate::artifacts::check_artifact_id;
use lockstep_model::Failure;
use lockstep_model::request::{DbBackup, DbBackupOrder, SealedArtifact};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::statement::{check_timeout, limit, parameter};
use crate::bindings::lockstep::contract::db;
use crate::context::{Context, Kept};

const LONGEST_TABLE: usize = 512;
const MOST_TABLES: usize = 64;

/// A backup being ordered. What is wrong is said by the call that makes it.
pub struct Order {
    order: DbBackupOrder,
    wrong: Option<Failure>,
}

impl Kept for Order {
    fn size(&self) -> usize {
        let tables = self.order.at_least_rows.iter().map(|(table, rows)| size_of::<(String, String)>() + table.len() + rows.len()).sum::<usize>();
        tables + self.order.artifact.len()
    }
}

impl Kept for DbBackup {
    fn size(&self) -> usize {
        self.kept_size()
    }
}

fn number(text: &str, what: &str) -> Result<String, Failure> {
    // Longer texts are no number of 64 bits, and are not shown.
    let number = text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    number.map(|number| number.to_string()).ok_or_else(|| parameter(format!("`{what}`: expected a decimal number of at most 64 bits")))
}

impl Order {
    fn new(id: String) -> Self {
        match check_artifact_id(&id) {
            Ok(()) => Self { order: DbBackupOrder { artifact: id, ..DbBackupOrder::default() }, wrong: None },
            Err(wrong) => Self { order: DbBackupOrder::default(), wrong: Some(wrong) },
        }
    }

    fn say<T>(&mut self, checked: Result<T, Failure>, say: impl FnOnce(&mut DbBackupOrder, T)) {
        match checked {
            Ok(value) => say(&mut self.order, value),
            Err(wrong) => {
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn at_least_rows(&mut self, table: String, rows: &str) {
        let checked = if table.len() > LONGEST_TABLE {
            Err(limit(format!("a table's name of {} bytes, at most {LONGEST_TABLE}", table.len())))
        } else if self.order.at_least_rows.len() >= MOST_TABLES {
            Err(limit(format!("rows of more than {MOST_TABLES} tables are asked for")))
        } else {
            number(rows, "at-least-rows").map(|rows| (table, rows))
        };
        self.say(checked, |order, asked| order.at_least_rows.push(asked));
    }

    pub(super) fn finished(&self) -> Result<DbBackupOrder, Failure> {
        self.wrong.clone().map_or_else(|| Ok(self.order.clone()), Err)
    }
}

impl db::HostBackupOrder for Context {
    fn new(&mut self, id: String) -> Result<Resource<Order>> {
        self.gate("db.backup-order")?;
        self.keep(Order::new(id))
    }

    fn at_least_bytes(&mut self, order: Resource<Order>, bytes: String) -> Result<()> {
        self.change(&order, |order| order.say(number(&bytes, "at-least-bytes"), |order, bytes| order.at_least_bytes = Some(bytes)))
    }

    fn at_least_rows(&mut self, order: Resource<Order>, table: String, rows: String) -> Result<()> {
        self.change(&order, |order| order.at_least_rows(table, &rows))
    }

    fn timeout(&mut self, order: Resource<Order>, milliseconds: u32) -> Result<()> {
        self.change(&order, |order| order.say(check_timeout(milliseconds), |order, time| order.timeout_milliseconds = Some(time)))
    }

    fn drop(&mut self, order: Resource<Order>) -> Result<()> {
        self.forget(order)
    }
}

impl db::HostBackup for Context {
    fn artifact(&mut self, backup: Resource<DbBackup>) -> Result<Resource<SealedArtifact>> {
        let artifact = self.kept(&backup)?.artifact.clone();
        self.keep(artifact)
    }

    fn database(&mut self, backup: Resource<DbBackup>) -> Result<String> {
        Ok(self.kept(&backup)?.database.clone())
    }

    fn engine(&mut self, backup: Resource<DbBackup>) -> Result<String> {
        Ok(self.kept(&backup)?.engine.clone())
    }

    fn format(&mut self, backup: Resource<DbBackup>) -> Result<String> {
        Ok(self.kept(&backup)?.format.clone())
    }

    fn server_version(&mut self, backup: Resource<DbBackup>) -> Result<String> {
        Ok(self.kept(&backup)?.server_version.clone())
    }

    fn tables(&mut self, backup: Resource<DbBackup>) -> Result<Vec<db::BackupTable>> {
        let table = |table: &lockstep_model::request::DbTable| db::BackupTable {
            label: table.label.clone(),
            rows: table.rows.clone(),
            checksum: table.checksum.clone(),
        };
        Ok(self.kept(&backup)?.tables.iter().map(table).collect())
    }

    fn drop(&mut self, backup: Resource<DbBackup>) -> Result<()> {
        self.forget(backup)
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn an_order_keeps_numbers_that_are_numbers_and_no_more_than_it_says() {
        let mut order = Order::new("before".to_owned());
        order.say(super::number("500000000", "at-least-bytes"), |order, bytes| order.at_least_bytes = Some(bytes));
        order.at_least_rows("public.orders".to_owned(), "0007");
        assert_eq!(order.finished().unwrap().at_least_rows, [("public.orders".to_owned(), "7".to_owned())]);
        for wrong in ["", "-1", "+1", "1.5", "18446744073709551616", " 1", "x"] {
            assert!(super::number(wrong, "at-least-bytes").is_err(), "{wrong}");
        }
        for _ in 0..64 {
            order.at_least_rows("t".to_owned(), "1");
        }
        assert_eq!(order.finished().unwrap_err().code(), "db.limit");
        assert_eq!(Order::new("NO".to_owned()).finished().unwrap_err().code(), "artifact.id");
        let mut order = Order::new("before".to_owned());
        order.at_least_rows("t".repeat(513), "1");
        assert_eq!(order.finished().unwrap_err().code(), "db.limit");
    }
}
