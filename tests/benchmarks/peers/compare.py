"""Compares the contacts of two Parquet files with one of the libraries; run by its own Python.

Prints one JSON object: the seconds of loading and of comparing, how many rows differ, which library.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "id"
Loaded = tuple[Any, Any]


def load_polars(ours: Path, theirs: Path) -> Loaded:
    """Polars reads while it joins: there is nothing to load before."""
    import polars as pl

    return pl.scan_parquet(ours), pl.scan_parquet(theirs)


def compare_polars(ours: Any, theirs: Any) -> int:
    """Join both, and keep the rows in which a column differs or a side is missing."""
    import polars as pl

    columns = [name for name in ours.collect_schema().names() if name != KEY]
    joined = ours.with_columns(here=True).join(
        theirs.with_columns(there=True), on=KEY, how="full", suffix="_there", coalesce=True
    )
    differs = [pl.col(name).ne_missing(pl.col(f"{name}_there")) for name in columns]
    missing = pl.col("here").is_null() | pl.col("there").is_null()
    return int(joined.filter(pl.any_horizontal(missing, *differs)).collect().height)


def load_pandas(ours: Path, theirs: Path) -> Loaded:
    """Read both into Arrow-backed frames."""
    import pandas as pd

    return tuple(pd.read_parquet(path, dtype_backend="pyarrow") for path in (ours, theirs))  # type: ignore[return-value]


def compare_pandas(ours: Any, theirs: Any) -> int:
    """Merge both, and keep the rows in which a column differs or a side is missing."""
    columns = [name for name in ours.columns if name != KEY]
    joined = ours.merge(
        theirs, on=KEY, how="outer", suffixes=("", "_there"), indicator=True, validate="1:1"
    )
    differs = joined["_merge"] != "both"
    for name in columns:
        one, other = joined[name], joined[f"{name}_there"]
        same = (one == other).fillna(value=False) | (one.isna() & other.isna())
        differs |= ~same.astype(bool)
    return len(joined[differs])


def load_datacompy_polars(ours: Path, theirs: Path) -> Loaded:
    """Read both into polars frames."""
    import polars as pl

    return pl.read_parquet(ours), pl.read_parquet(theirs)


def compare_datacompy_polars(ours: Any, theirs: Any) -> int:
    """Let datacompy compare polars frames."""
    import datacompy

    return _rows_of(datacompy.PolarsCompare(ours, theirs, join_columns=KEY))


def load_datacompy_pandas(ours: Path, theirs: Path) -> Loaded:
    """Read both into the frames that datacompy is made for."""
    import pandas as pd

    return pd.read_parquet(ours), pd.read_parquet(theirs)


def compare_datacompy_pandas(ours: Any, theirs: Any) -> int:
    """Let datacompy compare pandas frames."""
    import datacompy

    compare = getattr(datacompy, "PandasCompare", None) or datacompy.Compare
    return _rows_of(compare(ours, theirs, join_columns=KEY))


def _rows_of(compared: Any) -> int:
    alone = len(compared.df1_unq_rows) + len(compared.df2_unq_rows)
    return alone + len(compared.all_mismatch())


def load_reladiff(ours: Path, theirs: Path) -> Loaded:
    """Copy both into tables of one DuckDB file."""
    import duckdb

    file = Path(tempfile.mkdtemp(dir=ours.parent)) / "reladiff.duckdb"
    with duckdb.connect(str(file)) as conn:
        for name, path in (("ours", ours), ("theirs", theirs)):
            conn.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{path}')")
        columns = [row[0] for row in conn.execute("DESCRIBE ours").fetchall()]
    return file, tuple(name for name in columns if name != KEY)


def compare_reladiff(file: Any, columns: Any) -> int:
    """Let reladiff join both tables within the database; it tells each side of a difference."""
    import reladiff

    tables = [
        reladiff.connect_to_table(
            {"driver": "duckdb", "filepath": str(file)}, name, KEY, extra_columns=columns
        )
        for name in ("ours", "theirs")
    ]
    found = reladiff.diff_tables(*tables, algorithm=reladiff.Algorithm.JOINDIFF)
    return len({row[0] for _, row in found})


PEERS: dict[str, tuple[str, Callable[[Path, Path], Loaded], Callable[[Any, Any], int]]] = {
    "polars": ("polars", load_polars, compare_polars),
    "pandas": ("pandas", load_pandas, compare_pandas),
    "datacompy_polars": ("datacompy", load_datacompy_polars, compare_datacompy_polars),
    "datacompy_pandas": ("datacompy", load_datacompy_pandas, compare_datacompy_pandas),
    "reladiff": ("reladiff", load_reladiff, compare_reladiff),
}


def main() -> None:
    """Compare once with the library that is named first."""
    name, ours, theirs = sys.argv[1:]
    package, load, compare = PEERS[name]
    __import__(package)  # how long a library takes to start is no part of comparing
    began = time.perf_counter()
    loaded = load(Path(ours), Path(theirs))
    load_s = time.perf_counter() - began
    began = time.perf_counter()
    differ = compare(*loaded)
    compare_s = time.perf_counter() - began
    answer = {
        "version": importlib.metadata.version(package),
        "load_s": load_s,
        "compare_s": compare_s,
        "differ": differ,
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
