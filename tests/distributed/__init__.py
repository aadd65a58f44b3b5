"""The reconcile selects, run by Spark as a cluster on this machine, beside the same on DuckDB."""
