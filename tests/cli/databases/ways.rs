//! The two ways back, of which the operator chooses one: the migrations' own files, or the backup.

use super::{REASON, Shop};

/// The functions of `db` that a run's journal has, in order.
fn asked(shop: &Shop) -> Vec<String> {
    let journal = shop.lockstep(&["audit", "export", "latest", "--format", "ndjson"]).expect(0).stdout;
    journal.split("\"function\":\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn t5_a_release_that_fails_is_taken_back_by_its_migrations_or_by_the_backup_as_the_operator_chose_and_never_by_both() {
    for shop in Shop::everywhere() {
        for (way, used, other) in [("migrations", "migrate-down", "restore-over"), ("backup", "restore-over", "migrate-down")] {
            shop.run(&[&format!("way-back={way}"), "expected=7"]).expect(6);
            assert_eq!(shop.state(), Shop::before(), "{} by {way}", shop.engine);
            let asked = asked(&shop);
            assert!(asked.iter().any(|function| function == "migrate-up"), "{}: {asked:?}", shop.engine);
            assert!(asked.iter().any(|function| function == used), "{} by {way}: {asked:?}", shop.engine);
            assert!(!asked.iter().any(|function| function == other), "{} by {way}: {asked:?}", shop.engine);
        }
        shop.run(&["way-back=backup"]).expect(0);
        assert_eq!(shop.state(), (true, "2".to_owned(), "1".to_owned()), "{}: nothing is put back that went well", shop.engine);
    }
}

/// What no file can take back: rows that were deleted, and a script that stopped in the middle.
#[test]
fn t5_the_backup_takes_back_what_no_migration_can_and_the_history_with_it() {
    for shop in Shop::everywhere() {
        shop.run(&[]).expect(0);
        shop.migration("0003_gone.up.sql", "DELETE FROM orders WHERE id >= 100");
        shop.run(&["way-back=backup"]).expect(6);
        assert_eq!(shop.ask("SELECT count(*) FROM orders"), "300", "{}", shop.engine);
        assert_eq!(shop.state(), (true, "2".to_owned(), "1".to_owned()), "{}: what was applied before is applied", shop.engine);
        shop.migration("0003_gone.up.sql", "CREATE TABLE halfway (id INTEGER PRIMARY KEY); INSERT INTO nowhere (id) VALUES (1)");
        shop.run(&["way-back=backup"]).expect(6);
        assert!(!shop.there("halfway"), "{}", shop.engine);
        assert_eq!(shop.state(), (true, "2".to_owned(), "1".to_owned()), "{}", shop.engine);
        // Where a transaction has taken it back already, nobody's rows are written over.
        assert_eq!(asked(&shop).iter().any(|function| function == "restore-over"), shop.engine == "mariadb", "{}", shop.engine);
    }
}

#[test]
fn t5_a_way_back_that_there_is_not_to_be_is_said_before_anything_is_done() {
    for shop in Shop::everywhere() {
        let ran = shop.run(&[REASON, "way-back=backup"]).expect(1);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("the way back is the backup, and there is to be none"), "{}{}", ran.stdout, ran.stderr);
        assert!(!shop.there("lockstep_migrations"), "{}", shop.engine);
    }
}
