"""Runs statements on Spark, with two executors in processes of their own; imports nothing of the auditor.

python -m tests.distributed.cluster JOB.json

The job names the session's settings, the Parquet files that tables are read from, and the statements.
Prints one JSON object: the seconds of each statement.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

MASTER = "local-cluster[2,1,2048]"
"""Two executors of one core and 2 GiB each, every one a process that is sent its tasks."""

OF_THIS_MACHINE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "2g",
    "spark.executor.memory": "2g",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.catalogImplementation": "in-memory",
}


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run the statements of a job one after the other."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(MASTER).appName("reconcile")
    for name, value in {**OF_THIS_MACHINE, **job["session"]}.items():
        builder = builder.config(name, value)
    spark = builder.config("spark.sql.warehouse.dir", job["warehouse"]).getOrCreate()
    try:
        spark.sparkContext.setLogLevel("ERROR")
        for table, files in job["inputs"].items():
            spark.read.parquet(files).createOrReplaceTempView(table)
        seconds = []
        for statement in job["statements"]:
            began = time.perf_counter()
            spark.sql(statement["sql"])
            seconds.append([statement["table"], round(time.perf_counter() - began, 3)])
        return {"version": spark.version, "master": MASTER, "seconds": seconds}
    finally:
        spark.stop()


def main() -> None:
    """Run the job that is named and print what it took."""
    job = json.loads(Path(sys.argv[1]).read_text())
    json.dump(run(job), sys.stdout)


if __name__ == "__main__":
    main()
