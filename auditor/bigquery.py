"""BigQuery's dialect of SQLAlchemy, an extra, kept from what it does to the other engines of a process."""

from sqlalchemy_bigquery import BigQueryDialect
from sqlalchemy_bigquery.base import unnest

# Loading it makes its `unnest` that of every engine, also where PostgreSQL lists the indexes of a
# table; SQLAlchemy warns on each use of a function that does not say whether it may be cached.
unnest.inherit_cache = True

__all__ = ["BigQueryDialect"]
