"""The functions that each engine documents, of those that the auditor asks for.

Source:
    DuckDB 1.5, PostgreSQL 15, GoogleSQL and Spark 3.5 (ANSI): the lists of functions of their
    references (read 2026-11).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import TokenType

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVERYWHERE = frozenset(
    [
        "ABS",
        "CAST",
        "COALESCE",
        "CONCAT",
        "COUNT",
        "EXTRACT",
        "FIRST_VALUE",
        "FLOOR",
        "GREATEST",
        "LAG",
        "LEAST",
        "LENGTH",
        "LPAD",
        "MAX",
        "MD5",
        "MIN",
        "NULLIF",
        "REPLACE",
        "RIGHT",
        "ROUND",
        "ROW_NUMBER",
        "SUBSTR",
        "SUM",
        "TRIM",
    ]
)
_LIKE_POSTGRESQL = frozenset(
    ["DATE_TRUNC", "MAKE_INTERVAL", "RTRIM", "SPLIT_PART", "STRPOS", "TIMEZONE"]
)
DOCUMENTED: dict[str, frozenset[str]] = {
    "duckdb": _EVERYWHERE | _LIKE_POSTGRESQL | {"HASH", "REGEXP_MATCHES"},
    "postgresql": _EVERYWHERE | _LIKE_POSTGRESQL | {"HASHTEXTEXTENDED", "ROW"},
    "bigquery": _EVERYWHERE
    | frozenset(
        [
            "ARRAY_TO_STRING",
            "DATETIME",
            "DATETIME_TRUNC",
            "FARM_FINGERPRINT",
            "MOD",
            "REGEXP_CONTAINS",
            "RTRIM",
            "SAFE_OFFSET",
            "SPLIT",
            "STRPOS",
            "STRUCT",
            "TIMESTAMP",
            "TO_HEX",
            "UNIX_SECONDS",
            "UNNEST",
        ]
    ),
    "spark": _EVERYWHERE
    | frozenset(
        [
            "CONVERT_TIMEZONE",
            "DATE_TRUNC",
            "INSTR",
            "REGEXP_LIKE",
            "SPLIT_PART",
            "UNIX_TIMESTAMP",
            "XXHASH64",
        ]
    ),
}
"""By engine, in capitals."""

_WORDS = frozenset(
    [
        "AND",
        "AS",
        "ELSE",
        "EXISTS",
        "FROM",
        "IN",
        "JOIN",
        "NOT",
        "ON",
        "OR",
        "OVER",
        "SETS",
        "THEN",
        "VALUES",
        "WHEN",
        "WHERE",
    ]
)
"""What may stand before a bracket and is no function."""


def called(sql: str, grammar: str) -> Iterator[str]:
    """Yield the functions that a statement calls, as it writes them, in capitals.

    A name behind INTO, TABLE, WITH or a comma of WITH is none, nor is an alias behind AS.
    """
    tokens = sqlglot.tokenize(sql, read=grammar)
    for before, word, bracket in zip(tokens, tokens[1:], tokens[2:], strict=False):
        is_named = before.text.upper() in ("INTO", "TABLE", "AS")
        if bracket.token_type is not TokenType.L_PAREN or is_named:
            continue
        name = word.text.upper()
        if word.token_type is TokenType.IDENTIFIER or name in _WORDS:
            continue
        if name.split()[-1].isidentifier() and not name.endswith("GROUPING SETS"):
            yield name
