"""How a field's text may be written to be a value of its type, and the SQL from the one to the other.

DuckDB's casts do the work, behind a pattern: alone they take more than a contract means (`1e3` as an integer) and would round
what has too many digits.
"""

from __future__ import annotations

import re

from clock import sql_to_local, sql_to_utc
from contracts import Column, Contract, literal, quote

SPACE = r"' ' || chr(9) || chr(10) || chr(12) || chr(13)"
INTEGER = "[+-]?[0-9]+"
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?([.,][0-9]{1,6}0*)?"
LOCAL = rf"{DATE}([Tt ]{CLOCK})?"
ZONE = "(Z|z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
ZONED = rf"{DATE}[Tt ]{CLOCK}{ZONE}"
PATTERNS = {
    "TINYINT": INTEGER,
    "SMALLINT": INTEGER,
    "INTEGER": INTEGER,
    "BIGINT": INTEGER,
    "BOOLEAN": "(?i)(true|t|1|yes|y|false|f|0|no|n)",
    "DATE": DATE,
}
FINITE = {"DOUBLE": "true", "DATE": "length({}) = 10", "TIMESTAMP": "{} LIKE '____-__-__ __:%'"}
ZONED_TYPE = "TIMESTAMP WITH TIME ZONE"


def stored_type(column: Column) -> str:
    """The type in the oracle's table: instants are naive local times there."""
    return "TIMESTAMP" if column.type == ZONED_TYPE else column.type


def matching(text: str, pattern: str, value: str) -> str:
    """SQL for the value where the text fits the pattern, else NULL."""
    return f"CASE WHEN regexp_full_match({text}, {literal(pattern)}) THEN {value} END"


def typed_value(column: Column, contract: Contract, zone: str) -> str:
    """SQL from the text of a field to its value; NULL where it is none."""
    field = quote("text_" + column.name)
    if column.type == "VARCHAR":
        return field
    return quickly(field, column, contract, any_spelling(f"trim({field}, {SPACE})", column, contract, zone))


def quickly(field: str, column: Column, contract: Contract, otherwise: str) -> str:
    """Nearly every text is written as DuckDB itself would write the value: those need no pattern, which is slow."""
    value = f"TRY_CAST({field} AS {column.type})"
    certain = f"CAST({value} AS VARCHAR) = {field}"
    if column.type == ZONED_TYPE or (column.type == "TIMESTAMP" and contract.ambiguous != "review"):
        return otherwise
    if column.type in FINITE:
        # DuckDB also knows `infinity`, and years of five digits.
        certain += f" AND isfinite({value}) AND {FINITE[column.type].format(field)}"
    return f"CASE WHEN {certain} THEN {value} ELSE {otherwise} END"


def any_spelling(text: str, column: Column, contract: Contract, zone: str) -> str:
    """SQL from a text without spaces around it, however the value is written."""
    if column.type in ("TIMESTAMP", ZONED_TYPE):
        return moment(text, column, contract, zone)
    if column.type.startswith("DECIMAL"):
        return decimal(text, column.type)
    value = f"TRY_CAST({text} AS {column.type})"
    if column.type == "DOUBLE":
        return matching(text, NUMBER, f"CASE WHEN isfinite({value}) THEN {value} END")
    return matching(text, PATTERNS[column.type], value)


def decimal(text: str, kind: str) -> str:
    """A decimal that loses no digit: it must be the same with as many digits after the point as there can be."""
    found = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind)
    assert found is not None
    precision, scale = int(found.group(1)), int(found.group(2))
    value = f"TRY_CAST({text} AS {kind})"
    exact = f"TRY_CAST({text} AS DECIMAL(38,{38 - precision + scale}))"
    return matching(text, NUMBER, f"CASE WHEN {value} = {exact} THEN {value} END")


def moment(text: str, column: Column, contract: Contract, zone: str) -> str:
    """A time as naive local time. One that carries a zone is an instant; one that carries none is local business time."""
    pointed = f"replace(upper({text}), ',', '.')"
    with_seconds = f"regexp_replace({pointed}, '([T ][0-9]{{2}}:[0-9]{{2}})(Z|[+-].*)$', '\\1:00\\2')"
    instant = sql_to_local(f"timezone('UTC', TRY_CAST({with_seconds} AS {ZONED_TYPE}))", zone)
    if column.type == ZONED_TYPE:
        return matching(text, ZONED, instant)
    local = f"TRY_CAST({pointed} AS TIMESTAMP)"
    if contract.ambiguous != "review":
        local = sql_to_local(sql_to_utc(local, zone, contract.ambiguous), zone)
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(LOCAL)}) THEN {local} "
        f"WHEN regexp_full_match({text}, {literal(ZONED)}) THEN {instant} END"
    )
