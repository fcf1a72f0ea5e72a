/** Does this SQL only read: one statement that shows or selects, with functions that are known to do nothing else. */
import { isLiteral } from "./marks.ts";
import { type Refusal, refusal } from "./verdict.ts";

/** Functions, and words that may stand before a parenthesis; any other function may write, wait or leave the host. */
const FUNCTIONS = new Set(
  ("count sum min max avg round ceil ceiling floor abs greatest least coalesce nullif ifnull isnull if concat concat_ws " +
    "substring substr left right trim ltrim rtrim lower upper length char_length replace format to_char cast convert date now " +
    "age extract date_trunc to_timestamp timestampdiff unix_timestamp from_unixtime date_sub date_add date_format datetime " +
    "strftime julianday current_timestamp clock_timestamp pg_postmaster_start_time pg_conf_load_time interval version " +
    "database schema user current_user current_database current_schema current_setting inet_server_addr inet_client_addr " +
    "pg_size_pretty pg_database_size pg_relation_size pg_total_relation_size pg_table_size pg_indexes_size " +
    "pg_tablespace_size pg_is_in_recovery pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp " +
    "pg_current_wal_lsn pg_wal_lsn_diff pg_blocking_pids pg_stat_get_activity pg_backend_pid pg_get_indexdef pg_get_expr " +
    "pg_get_constraintdef pg_get_userbyid pg_encoding_to_char pg_stat_get_live_tuples pg_stat_get_dead_tuples " +
    "has_table_privilege obj_description txid_current_snapshot mxid_age row_number rank dense_rank lag lead over " +
    "array_agg string_agg group_concat json_agg jsonb_agg unnest array_length regexp_replace regexp_matches string_to_array " +
    "format_pg_time format_bytes pragma_table_info pragma_page_count pragma_page_size typeof hex printf " +
    "pg_walfile_name pg_is_wal_replay_paused to_regclass justify_interval make_interval json_build_object row_to_json " +
    "cardinality bool_or bool_and stddev variance percentile_disc trunc initcap reverse md5 ascii find_in_set field inet_ntoa " +
    "date_part current_date statement_timestamp transaction_timestamp pg_get_viewdef pg_relation_filepath pg_column_size " +
    "pg_tablespace_location hour minute day month year json_unquote json_length connection_id any_value " +
    "percentile_cont ntile first_value last_value timediff sec_to_time time_to_sec datediff curdate sysdate instr locate " +
    "substring_index json_extract lpad rpad sign power sqrt mod div position split_part nullif pg_stat_get_snapshot_timestamp " +
    "select from where and or not in exists any all as on using when then else case by values filter with distinct having " +
    "between like ilike is join lateral union except intersect within group order limit offset key").split(" "),
);
/** Refused wherever they stand but in plain strings: a wrong guess about where a string ends must not hide one. */
const WRITES = new RegExp(
  "\\b(insert|update|delete|merge|drop|alter|create|truncate|grant|revoke|copy|call|do|lock|vacuum|into|outfile|dumpfile|" +
    "execute|prepare|load|handler|rename|kill|flush|purge|attach|detach|install|reindex|cluster|notify|listen|import|share)\\b",
  "i",
);
const PRAGMAS =
  /^pragma (quick_check|integrity_check|foreign_key_check|journal_mode|page_count|page_size|freelist_count|database_list|user_version|compile_options|(table|index)_(info|list|xinfo)\(["'\w]+\))$/i;

/** Says why a statement is not run. */
export function sqlRefusal(program: string, text: string): Refusal | undefined {
  if (!isLiteral(text)) {
    return refusal(`${program}/unknown`, "The SQL is not known before it runs: write it out in single quotes.");
  }
  // Plain statements one after the other are judged one by one; what could hide an end of one stays together.
  if (withoutStrings(text) !== undefined && text.trim().replace(/;\s*$/, "").includes(";")) {
    const parts = text.split(";").filter((part) => part.trim() !== "");
    return parts.map((part) => sqlRefusal(program, part)).find((each) => each !== undefined);
  }
  if (/\bu&|uescape/i.test(text) || /(\.\s*"|\.\s+|\s\.)\w+"?\s*\(/.test(text)) {
    return refusal(`${program}/sql`, "This SQL is refused: how it names a function is not followed.");
  }
  const statement = text.trim().replace(/(;|\\G)*\s*$/, "").trim();
  const refused = (why: string): Refusal => refusal(`${program}/sql`, `This SQL is refused: ${why}.`);
  if (/[;\\`\n]|--|\/\*|:=|\$\$|#/.test(statement)) return refused("it holds more than one plain statement");
  if (PRAGMAS.test(statement)) return undefined;
  const query = statement.replace(
    /^explain(\s+(analyze|verbose|query plan|format=\w+|extended)|\s*\([\w\s,]*\))*\s+/i,
    "",
  );
  const shows = /^show /i.test(query);
  if (!shows && !/^(select|with|table|values|desc|describe)\b/i.test(query)) {
    return refused("only SHOW, DESCRIBE, EXPLAIN and SELECT read");
  }
  const written = WRITES.exec(withoutStrings(query) ?? query);
  if (written !== null && !shows) return refused(`${written[0]} changes something`);
  for (const [, name = ""] of query.matchAll(/(?<![\w.])([\w.]+)"?\s*\(/g)) {
    if (!FUNCTIONS.has(name.toLowerCase().replace(/^pg_catalog\./, ""))) {
      return refused(`what ${name}() does is not known`);
    }
  }
  return undefined;
}

/** Undefined where a quote or a backslash is left over, so that it is not certain where strings end. */
function withoutStrings(text: string): string | undefined {
  const rest = text.replace(/'[\w %.:,-]*'/g, " ");
  return /['"`\\]/.test(rest) ? undefined : rest;
}
