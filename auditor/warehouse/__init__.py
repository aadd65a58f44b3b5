"""The warehouse: the one package that knows which database engine holds the canonical tables.

DuckDB (a file, the default), PostgreSQL and BigQuery. Everything else speaks SQLAlchemy Core on declared
tables. Rows come in as Arrow: DuckDB scans it in place, PostgreSQL takes it through ADBC's COPY, BigQuery by
load jobs of Parquet.
"""

from auditor.warehouse.correct import Correction
from auditor.warehouse.reads import FinishedRead, Position, UnfinishedRead
from auditor.warehouse.store import Warehouse

__all__ = ["Correction", "FinishedRead", "Position", "UnfinishedRead", "Warehouse"]
