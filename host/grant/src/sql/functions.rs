//! Functions that are known to do nothing but give a value. What is not here needs the operator's word: one that is not known may read the server's files,
//! end other sessions or write, and a read-only transaction stops only the last of these.

use super::Engine;

/// What is known of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It gives a value.
    Harmless,
    /// It changes something within its transaction.
    Writes,
}

/// Of all three grammars.
const COMMON: &str = "abs acos asin atan atan2 avg ceil ceiling char_length character_length coalesce concat concat_ws cos cot count cume_dist \
    current_date current_time current_timestamp degrees dense_rank exp first_value floor greatest group_concat lag last_value lead least left length ln log \
    log10 log2 lower lpad ltrim max md5 min mod nth_value ntile nullif octet_length percent_rank pi position pow power radians rank replace reverse right \
    round row_number rpad rtrim sign sin sqrt substr substring sum tan trim upper json_array json_object version";

const POSTGRESQL: &str = "age array_agg array_append array_cat array_dims array_length array_lower array_ndims array_position array_positions \
    array_prepend array_remove array_replace array_to_json array_to_string array_upper ascii bit_and bit_length bit_or bool_and bool_or btrim cardinality \
    cbrt chr clock_timestamp col_description corr covar_pop covar_samp currval current_catalog current_database current_role current_schema \
    current_schemas current_setting current_user date_bin date_part date_trunc decode div encode every factorial format format_type gcd gen_random_uuid \
    generate_series generate_subscripts get_bit get_byte grouping has_column_privilege has_database_privilege has_schema_privilege has_sequence_privilege \
    has_table_privilege hashtext host initcap isfinite json_agg json_array_elements json_array_elements_text json_array_length json_build_array \
    json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object_agg json_object_keys json_strip_nulls json_typeof \
    jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text \
    jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_match \
    jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_typeof justify_days justify_hours \
    justify_interval lastval lcm localtime localtimestamp make_date make_interval make_time make_timestamp make_timestamptz mode now num_nonnulls num_nulls \
    obj_description overlay parse_ident percentile_cont percentile_disc pg_column_size pg_current_wal_lsn pg_database_size pg_get_constraintdef pg_get_expr \
    pg_get_functiondef pg_get_indexdef pg_get_serial_sequence pg_get_viewdef pg_indexes_size pg_is_in_recovery pg_last_wal_receive_lsn pg_last_wal_replay_lsn \
    pg_last_xact_replay_timestamp pg_postmaster_start_time pg_relation_size pg_size_bytes pg_size_pretty pg_table_is_visible pg_table_size \
    pg_total_relation_size pg_typeof pg_wal_lsn_diff plainto_tsquery quote_ident quote_literal quote_nullable random range_agg regexp_count regexp_instr \
    regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_slope row_to_json scale session_user \
    set_bit set_byte sha224 sha256 sha384 sha512 split_part starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array \
    string_to_table strpos timeofday to_char to_date to_hex to_json to_jsonb to_number to_regclass to_regtype to_timestamp to_tsquery to_tsvector \
    transaction_timestamp translate trim_array trim_scale trunc ts_headline ts_rank unnest user var_pop var_samp variance websearch_to_tsquery width_bucket \
    word_similarity similarity repeat lpad tsvector_to_array date timestamp timestamptz time interval numeric text integer bigint";

const MYSQL: &str = "adddate addtime any_value ascii avg bin bit_and bit_count bit_length bit_or bit_xor char conv convert_tz crc32 curdate current_user \
    curtime database date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear elt field find_in_set format from_base64 from_days \
    from_unixtime hex hour if ifnull inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr isnull json_arrayagg json_contains json_contains_path json_depth \
    json_extract json_keys json_length json_merge_patch json_objectagg json_overlaps json_pretty json_quote json_remove json_replace json_search json_set \
    json_type json_unquote json_valid json_value last_day lcase localtime localtimestamp locate makedate maketime microsecond mid minute month monthname now \
    oct ord period_add period_diff quarter quote rand regexp_instr regexp_replace regexp_substr repeat schema sec_to_time second session_user sha sha1 sha2 \
    soundex space std stddev stddev_pop stddev_samp str_to_date strcmp subdate subtime sysdate time time_format time_to_sec timediff timestamp timestampadd \
    timestampdiff to_base64 to_days to_seconds truncate ucase unhex unix_timestamp user utc_date utc_time utc_timestamp uuid values value var_pop var_samp \
    variance week weekday weekofyear year yearweek";

const SQLITE: &str = "char date datetime format glob hex ifnull iif instr json json_array_length json_each json_extract json_group_array json_group_object \
    json_insert json_patch json_quote json_remove json_replace json_set json_tree json_type json_valid jsonb julianday last_insert_rowid like likelihood likely \
    unlikely pragma_foreign_key_check pragma_foreign_key_list pragma_index_info pragma_index_list pragma_integrity_check pragma_table_info pragma_table_list \
    pragma_table_xinfo printf quote random randomblob soundex sqlite_version strftime string_agg time timediff total trunc typeof unicode unixepoch unhex \
    zeroblob";

/// They change what is in the transaction they run in, and a server's read-only transaction refuses them.
const WRITING: &str = "nextval setval";

pub(super) fn known(engine: Engine, name: &str) -> Option<Known> {
    let within = |list: &str| list.split_ascii_whitespace().any(|known| known.eq_ignore_ascii_case(name));
    let own = match engine {
        Engine::Postgresql => POSTGRESQL,
        Engine::Mariadb | Engine::Mysql => MYSQL,
        Engine::Sqlite => SQLITE,
    };
    if within(COMMON) || within(own) {
        return Some(Known::Harmless);
    }
    within(WRITING).then_some(Known::Writes)
}
