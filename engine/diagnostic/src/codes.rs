//! Every code that a diagnostic may carry, in one table: what a user can look up.

use crate::Code;

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $name:ident = $word:literal;)+) => {
        $($(#[doc = $meaning])+ pub const $name: Code = Code($word);)+

        /// Every code with what it means, in the order of this file.
        pub const ALL: &[(Code, &str)] = &[$(($name, concat!($($meaning),+))),+];
    };
}

codes! {
    // Files and folders of a project
    /// A file that is named somewhere does not exist.
    MISSING_FILE = "missing-file";
    /// A file or folder cannot be read, or is not UTF-8.
    UNREADABLE_FILE = "unreadable-file";
    /// A file lies where Nightshift does not look for it.
    MISPLACED_FILE = "misplaced-file";
    /// A definition's name is not lower-case letters, digits and underscores, or is reserved.
    INVALID_NAME = "invalid-name";
    /// Two definitions, or two tables of one query, have the same name.
    DUPLICATE_NAME = "duplicate-name";

    // YAML, in files and in headers
    /// A SQL file does not begin with its header.
    MISSING_HEADER = "missing-header";
    /// A header's kind does not fit the folder that the file lies in.
    WRONG_KIND = "wrong-kind";
    /// The text is not YAML.
    INVALID_YAML = "invalid-yaml";
    /// A key that does not exist here.
    UNKNOWN_KEY = "unknown-key";
    /// A key that must be given is not.
    MISSING_KEY = "missing-key";
    /// A key stands twice in one mapping.
    DUPLICATE_KEY = "duplicate-key";
    /// A value of the wrong shape, or outside what is allowed.
    INVALID_VALUE = "invalid-value";
    /// A value stands twice where each may stand once.
    DUPLICATE_VALUE = "duplicate-value";
    /// A schedule that is not a cron expression.
    INVALID_CRON = "invalid-cron";
    /// A time zone that the IANA database does not have.
    UNKNOWN_TIMEZONE = "unknown-timezone";
    /// A target that `nightshift.yaml` does not define.
    UNKNOWN_TARGET = "unknown-target";

    // Names
    /// A pipeline names a source that does not exist.
    UNKNOWN_SOURCE = "unknown-source";
    /// A pipeline names a rollup that does not exist.
    UNKNOWN_ROLLUP = "unknown-rollup";
    /// A pipeline or a command names a report that does not exist.
    UNKNOWN_REPORT = "unknown-report";
    /// A step, or a kind of step, that does not exist.
    UNKNOWN_STEP = "unknown-step";
    /// A query names a table that is neither a source nor a rollup nor a CTE.
    UNKNOWN_TABLE = "unknown-table";
    /// A column that none of the tables at hand has.
    UNKNOWN_COLUMN = "unknown-column";
    /// A column that several tables have, without saying which.
    AMBIGUOUS_COLUMN = "ambiguous-column";
    /// Two columns of one result have the same name.
    DUPLICATE_COLUMN = "duplicate-column";
    /// A function that neither SQL nor Nightshift has.
    UNKNOWN_FUNCTION = "unknown-function";
    /// A type that does not exist, or that a lake table cannot hold.
    UNKNOWN_TYPE = "unknown-type";
    /// A `$parameter` that the header does not declare.
    UNKNOWN_PARAMETER = "unknown-parameter";
    /// A parameter that is declared and never used.
    UNUSED_PARAMETER = "unused-parameter";
    /// A parameter without a value.
    MISSING_PARAMETER = "missing-parameter";
    /// Definitions that need each other.
    CYCLE = "cycle";

    // SQL
    /// The text is not SQL.
    INVALID_SQL = "invalid-sql";
    /// Valid SQL that Nightshift does not support.
    UNSUPPORTED_SQL = "unsupported-sql";
    /// A statement that does more than read, or a file or URL as a table.
    NOT_READ_ONLY = "not-read-only";
    /// Anything but exactly one statement in a file.
    STATEMENT_COUNT = "statement-count";
    /// A source file whose statement is not the `CREATE TABLE` of its own name.
    NOT_A_CONTRACT = "not-a-contract";
    /// A value, or an argument, of the wrong type.
    TYPE_MISMATCH = "type-mismatch";
    /// A function with the wrong number or types of arguments.
    WRONG_ARGUMENTS = "wrong-arguments";
    /// A column that is neither aggregated nor grouped.
    MISSING_GROUP_BY = "missing-group-by";
    /// An aggregate where none may stand.
    MISPLACED_AGGREGATE = "misplaced-aggregate";
    /// An expression without a name for its column.
    UNNAMED_COLUMN = "unnamed-column";

    // Rollups
    /// A rollup does not group by the buckets of its grain.
    MISSING_BUCKET = "missing-bucket";
    /// A day, month or year bucket that is a timestamp instead of a date.
    TIMESTAMP_BUCKET = "timestamp-bucket";
    /// A rollup whose buckets have another grain than its folder.
    WRONG_GRAIN = "wrong-grain";
    /// A rollup that calls the clock or a function that gives another result each time.
    VOLATILE_FUNCTION = "volatile-function";
    /// A result that depends on an order that is not total.
    UNORDERED_RESULT = "unordered-result";
    /// `strict: incremental`, and the rollup can only be recomputed in full.
    NOT_INCREMENTAL = "not-incremental";

    // Tests, checks and values at run time
    /// A test of a definition does not give the rows that it expects.
    TEST_FAILED = "test-failed";
    /// Whatever the engine below refuses and no other code names.
    INVALID_QUERY = "invalid-query";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kebab_case_and_unique() {
        let words: std::collections::BTreeSet<_> = ALL.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(words.len(), ALL.len());
        assert!(words.iter().all(|word| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')));
    }
}
