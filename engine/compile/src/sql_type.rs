//! The names that people know types by.

use datafusion::arrow::datatypes::DataType;

/// The name of a type in SQL.
pub(crate) fn of(data_type: &DataType) -> String {
    let name = match data_type {
        DataType::Null => "NULL",
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "TINYINT UNSIGNED",
        DataType::UInt16 => "SMALLINT UNSIGNED",
        DataType::UInt32 => "INTEGER UNSIGNED",
        DataType::UInt64 => "BIGINT UNSIGNED",
        DataType::Float16 | DataType::Float32 => "REAL",
        DataType::Float64 => "DOUBLE",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR",
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BYTEA",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, _) => "TIMESTAMP",
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL",
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => return format!("DECIMAL({precision}, {scale})"),
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::FixedSizeList(item, _) => {
            return format!("{} ARRAY", of(item.data_type()));
        }
        DataType::Dictionary(_, values) => return of(values),
        other => return other.to_string(),
    };
    name.to_owned()
}

/// The name in SQL of a type that Arrow printed.
pub(crate) fn of_text(text: &str) -> String {
    text.trim().parse::<DataType>().map_or_else(|_| in_words(text.trim()), |data_type| of(&data_type))
}

/// The name in SQL of what DataFusion calls a class of types: `Decimal`, `Integer`, or a type.
pub(crate) fn of_class(word: &str) -> String {
    match word {
        "Decimal" => "DECIMAL".to_owned(),
        "Integer" | "UInt64" => "BIGINT".to_owned(),
        "Float" | "Numeric" => "DOUBLE".to_owned(),
        "String" => "VARCHAR".to_owned(),
        "Duration" | "Interval" => "INTERVAL".to_owned(),
        "Timestamp" => "TIMESTAMP".to_owned(),
        other => of_text(other),
    }
}

/// A message in which the types that stand as single words have their names in SQL.
pub(crate) fn in_words(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut word = String::new();
    for letter in message.chars().chain([' ']) {
        if letter.is_ascii_alphanumeric() {
            word.push(letter);
            continue;
        }
        match word.as_str() {
            "Decimal128" | "Decimal256" => text.push_str("DECIMAL"),
            written => match written.parse::<DataType>() {
                Ok(data_type) if written.starts_with(|first: char| first.is_ascii_uppercase()) && written != "Null" => {
                    text.push_str(&of(&data_type));
                }
                _ => text.push_str(written),
            },
        }
        word.clear();
        text.push(letter);
    }
    text.pop();
    text
}

/// Splits `Utf8, Decimal128(14, 2)` at the commas that stand in no bracket.
pub(crate) fn split(types: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, letter) in types.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(types.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.extend(types.get(start..).filter(|rest| !rest.trim().is_empty()));
    parts
}
