//! Failures of databases, with the codes that procedures can rely on: one table for each engine's own numbers.

use lockstep_model::Failure;

/// A failure that trying again will not mend.
pub(crate) fn plain(code: &str, message: impl Into<String>) -> Failure {
    Failure::problem(code, message)
}

/// What a code means.
fn failure(code: &str, message: String) -> Failure {
    match code {
        "db.serialization" | "db.connection-lost" | "db.connect" => Failure::retryable(code, message),
        _ => Failure::problem(code, message),
    }
}

/// By the five characters of SQL's standard, as PostgreSQL uses them.
pub(crate) fn by_state(state: &str, message: &str) -> Failure {
    let code = match state {
        "23505" => "db.unique-violation",
        "23503" => "db.foreign-key",
        "23514" | "23P01" => "db.check",
        "23502" => "db.not-null",
        "40001" | "40P01" | "55P03" => "db.serialization",
        "42501" => "db.permission",
        "25006" => "db.read-only",
        "42601" => "db.syntax",
        "42P01" | "42703" | "42883" | "42704" | "3F000" => "db.undefined",
        "53100" | "53200" | "53400" | "54000" => "db.full",
        "25001" => "db.transaction",
        "28000" | "28P01" => "db.auth",
        "3D000" => "db.unknown",
        "22021" => "db.invalid-utf8",
        _ if state.starts_with("22") => "db.value",
        _ if state.starts_with("08") || state.starts_with("57P") => "db.connection-lost",
        _ if state.starts_with("53") => "db.connect",
        _ => "db.error",
    };
    failure(code, format!("{message} (SQLSTATE {state})"))
}

/// By the numbers of MariaDB and MySQL.
pub(crate) fn by_number(number: u16, message: &str) -> Failure {
    let code = match number {
        1062 | 1586 => "db.unique-violation",
        1216 | 1217 | 1451 | 1452 => "db.foreign-key",
        3819 | 4025 => "db.check",
        1048 | 1364 => "db.not-null",
        1205 | 1213 | 1020 => "db.serialization",
        1044 | 1142 | 1143 | 1227 | 1370 => "db.permission",
        1045 | 1698 | 1251 | 1275 => "db.auth",
        1792 | 1290 | 1836 => "db.read-only",
        1064 | 1149 => "db.syntax",
        1051 | 1054 | 1146 | 1305 | 1109 | 1091 => "db.undefined",
        1049 => "db.unknown",
        1021 | 1041 | 1037 | 1114 | 1153 => "db.full",
        // What a file of the server's got from the system says why.
        3 | 1026 | 1030 if message.contains("No space left on device") => "db.full",
        1264 | 1265 | 1292 | 1366 | 1406 | 1365 | 1411 | 1690 => "db.value",
        1053 | 1077 | 1079 | 1080 | 1927 | 4031 => "db.connection-lost",
        1040 | 1203 | 1226 => "db.connect",
        _ => "db.error",
    };
    failure(code, format!("{message} (error {number})"))
}

/// By SQLite's extended numbers.
pub(crate) fn by_result(extended: i32, message: &str) -> Failure {
    let code = match (extended & 0xff, extended >> 8) {
        (19, 8 | 6) => "db.unique-violation",
        (19, 3) => "db.foreign-key",
        (19, 1) => "db.check",
        (19, 5) => "db.not-null",
        (5 | 6, _) => "db.serialization",
        (8, _) => "db.read-only",
        (3 | 23, _) => "db.permission",
        (13, _) => "db.full",
        (18, _) => "db.limit",
        (14, _) => "db.connect",
        (11 | 26, _) => "db.corrupt",
        (1, _) if message.contains("no such") => "db.undefined",
        (1, _) if message.contains("syntax error") => "db.syntax",
        _ => "db.error",
    };
    failure(code, message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{by_number, by_result, by_state};

    #[test]
    fn a_file_of_the_server_that_found_no_room_is_no_other_trouble_of_files() {
        for (number, message, code) in [
            (1030, "Got error 28 \"No space left on device\" from storage engine Aria", "db.full"),
            (3, "Error writing file '/tmp/MYfd=28' (Errcode: 28 \"No space left on device\")", "db.full"),
            (1026, "Error writing file '/tmp/x' (OS errno 28 - No space left on device)", "db.full"),
            (1030, "Got error 122 \"Internal (unspecified) error in handler\" from storage engine InnoDB", "db.error"),
        ] {
            assert_eq!(by_number(number, message).code(), code, "{message}");
        }
    }

    #[test]
    fn the_same_trouble_has_the_same_code_with_every_engine() {
        for (state, number, result, code, retryable) in [
            ("23505", 1062, 2067, "db.unique-violation", false),
            ("23503", 1452, 787, "db.foreign-key", false),
            ("23514", 4025, 275, "db.check", false),
            ("23502", 1048, 1299, "db.not-null", false),
            ("40P01", 1213, 5, "db.serialization", true),
            ("25006", 1792, 8, "db.read-only", false),
            ("53100", 1114, 13, "db.full", false),
        ] {
            for failure in [by_state(state, "m"), by_number(number, "m"), by_result(result, "m")] {
                assert_eq!((failure.code(), failure.is_retryable()), (code, retryable), "{state} {number} {result}");
            }
        }
    }
}
