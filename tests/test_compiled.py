"""What a statement was compiled to serves every store of its kind, and no other."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from auditor.compiled import engine_over
from auditor.findings.ledger import Ledger
from auditor.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINDS = ("duckdb", "sqlite")


def one_more(name: str, number: int = 1) -> sa.Select[Any]:
    """Return a statement that nobody else asks: what it returns has the test's own name."""
    return sa.select((sa.literal(number) + 1).label(name))


def asked(engine: sa.Engine, statement: sa.Select[Any]) -> Any:
    with engine.connect() as conn:
        return conn.scalar(statement)


def refused(*_: Any, **__: Any) -> None:
    raise AssertionError("it was compiled anew")


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_engine_compiled_another_of_its_kind_does_not(
    kind: str, monkeypatch: pytest.MonkeyPatch
):
    first, second = (engine_over(f"{kind}:///:memory:") for _ in range(2))
    assert asked(first, one_more(f"again_{kind}")) == 2
    with second.connect() as conn:
        monkeypatch.setattr(second.dialect, "statement_compiler", refused)
        assert conn.scalar(one_more(f"again_{kind}")) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_compiled_for_one_value_answers_for_another(kind: str):
    first, second = (engine_over(f"{kind}:///:memory:") for _ in range(2))
    assert asked(first, one_more(f"value_{kind}", 1)) == 2
    assert asked(second, one_more(f"value_{kind}", 41)) == 42


def test_what_was_compiled_for_one_kind_is_not_given_to_the_other():
    is_like = sa.select(sa.literal("a").regexp_match("[ab]").label("of_another_kind"))
    duckdb, sqlite = (engine_over(f"{kind}:///:memory:") for kind in KINDS)
    assert [asked(duckdb, is_like), asked(sqlite, is_like)] == [True, True]


def _warehouse(folder: Path) -> sa.Engine:
    with closing(Warehouse(f"duckdb:///{folder}/w.duckdb")) as warehouse:
        return warehouse.engine


def _ledger(folder: Path) -> sa.Engine:
    with closing(Ledger(f"sqlite:///{folder}/l.sqlite")) as ledger:
        return ledger.engine


@pytest.mark.parametrize("opened", [_warehouse, _ledger])
@pytest.mark.embedded("another server may be of another version")
def test_stores_that_are_files_share_it(opened: Callable[[Path], sa.Engine], tmp_path: Path):
    kind = opened(tmp_path).dialect.name
    shared = engine_over(f"{kind}:///:memory:").get_execution_options()["compiled_cache"]
    assert opened(tmp_path).get_execution_options()["compiled_cache"] is shared


def test_all_engines_of_duckdb_write_a_with_behind_its_insert():
    """They would compile it differently, and one be given what another compiled."""
    assert engine_over("duckdb:///:memory:").dialect.cte_follows_insert
