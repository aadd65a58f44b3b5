"""A BigQuery on loopback: jobs, queries, tables and Parquet loads of its REST API, over a real socket.

Source:
    BigQuery REST API v2: jobs.insert, jobs.get, jobs.query, jobs.getQueryResults, tables.get and
    multipart and resumable uploads (read 2026-11).
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import threading
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.bigquery.engine import Engine, Refused, cells

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODES = {400: "invalid", 403: "accessDenied", 404: "notFound", 409: "duplicate"}
Answer = tuple[int, dict[str, Any]]


class BigQuery:
    """What the server holds.

    Attributes:
        engine: Runs the SQL.
        jobs: Every job that was made, by its id, as `jobs.get` tells it.
        statements: The text of every statement that was run.
        bytes_per_statement: What every statement is said to read.
        forbidden: Words of statements for which a right is missing.
        lost: How many answers to loads are lost on the way: the job is done, and nobody hears of it.
    """

    def __init__(self) -> None:
        self.engine = Engine()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.statements: list[str] = []
        self.bytes_per_statement = 1_000_000
        self.forbidden: tuple[str, ...] = ()
        self.lost = 0
        self._uploads: dict[str, tuple[dict[str, Any], bytes]] = {}
        self._results: dict[str, dict[str, Any]] = {}

    def get(self, path: str) -> Answer:
        """Answer a GET."""
        if found := re.fullmatch(r".*/projects/([^/]+)/datasets/([^/]+)/tables/([^/]+)", path):
            return self._table(*found.groups())
        if found := re.fullmatch(r".*/(?:jobs|queries)/([^/]+)", path):
            known = self._results if "/queries/" in path else self.jobs
            job = known.get(found[1])
            return (200, job) if job else _error(404, f"Not found: Job {found[1]}")
        return _error(404, f"Not found: {path}")

    def delete(self, path: str) -> Answer:
        """Answer a DELETE of a table."""
        dataset, table = re.fullmatch(r".*/datasets/([^/]+)/tables/([^/]+)", path).groups()  # type: ignore[union-attr]
        self.engine.drop(dataset, table)
        return 200, {}

    def query(self, project: str, body: dict[str, Any]) -> Answer:
        """Answer `jobs.query`."""
        config = {**body, "query": body["query"]}
        job_id = f"query_{len(self.jobs)}"
        answer = self._run(project, job_id, config)
        return answer if answer[0] != 200 else (200, self._results[job_id])

    def insert(self, project: str, body: dict[str, Any], content: bytes | None = None) -> Answer:
        """Answer `jobs.insert`."""
        job_id = body.get("jobReference", {}).get("jobId") or f"job_{len(self.jobs)}"
        if job_id in self.jobs:
            return _error(409, f"Already Exists: Job {job_id}")
        if content is not None:
            return self._load(project, job_id, body["configuration"]["load"], content)
        config = body["configuration"]
        query = {**config["query"], "dryRun": config.get("dryRun", False)}
        return self._run(project, job_id, query)

    def begin_upload(self, body: dict[str, Any]) -> str:
        """Make room for an upload in pieces; return its name."""
        name = str(len(self._uploads))
        self._uploads[name] = (body, b"")
        return name

    def upload(self, project: str, name: str, piece: bytes, *, is_last: bool) -> Answer | None:
        """Take a piece; the last one makes the job."""
        body, before = self._uploads[name]
        self._uploads[name] = (body, before + piece)
        return self.insert(project, body, before + piece) if is_last else None

    def _run(self, project: str, job_id: str, config: dict[str, Any]) -> Answer:
        sql, limit = config["query"], config.get("maximumBytesBilled")
        if any(word in sql for word in self.forbidden):
            return _error(403, "Access Denied: ann@example.com may not")
        statistics = {"totalBytesProcessed": str(self.bytes_per_statement)}
        job = _job(project, job_id, "query", {"query": {"query": sql}}, statistics)
        is_over = limit is not None and int(limit) < self.bytes_per_statement
        if is_over and not config.get("dryRun"):
            return _error(400, f"Query exceeded limit for bytes billed: {limit}.")
        parameters = {one["name"]: _parameter(one) for one in config.get("queryParameters", ())}
        dataset = config.get("defaultDataset", {}).get("datasetId", "main")
        try:
            if config.get("dryRun"):
                told = {**statistics, "schema": _schema(self.engine.told(sql, dataset, parameters))}
                return 200, {**job, "statistics": {**job["statistics"], "query": told}}
            self.statements.append(sql)
            columns, rows, changed = self.engine.run(sql, dataset, parameters)
        except Refused as exc:
            return _error(400, str(exc))
        self.jobs[job_id] = job
        self._results[job_id] = {
            "kind": "bigquery#queryResponse",
            "jobReference": job["jobReference"],
            "jobComplete": True,
            "schema": _schema(columns),
            "rows": cells(rows),
            "totalRows": str(len(rows)),
            "totalBytesProcessed": str(self.bytes_per_statement),
            "numDmlAffectedRows": str(changed),
        }
        return 200, job

    def _load(self, project: str, job_id: str, config: dict[str, Any], content: bytes) -> Answer:
        at = config["destinationTable"]
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            Path(file.name).write_bytes(content)
            count = self.engine.load(file.name, at["datasetId"], at["tableId"])
        told = {"load": {"outputRows": str(count)}}
        self.jobs[job_id] = _job(project, job_id, "load", {"load": config}, told)
        if self.lost:
            self.lost -= 1
            raise ConnectionError
        return 200, self.jobs[job_id]

    def _table(self, project: str, dataset: str, table: str) -> Answer:
        columns = self.engine.columns(dataset, table)
        if not columns:
            return _error(404, f"Not found: Table {project}:{dataset}.{table}")
        return 200, {
            "tableReference": {"projectId": project, "datasetId": dataset, "tableId": table},
            "type": "TABLE",
            "schema": _schema(columns),
            "numRows": str(self.engine.count(dataset, table)),
            "creationTime": str(self.engine.made.get(f"{dataset}.{table}", 0)),
        }


def _parameter(one: dict[str, Any]) -> tuple[str, Any]:
    kind, value = one["parameterType"], one["parameterValue"]
    if kind["type"] == "ARRAY":
        return kind["arrayType"]["type"], value.get("arrayValues", [])
    return kind["type"], value.get("value")


def _job(
    project: str, job_id: str, kind: str, config: dict[str, Any], statistics: dict[str, Any]
) -> dict[str, Any]:
    return {
        "kind": "bigquery#job",
        "id": f"{project}:{job_id}",
        "jobReference": {"projectId": project, "jobId": job_id, "location": "EU"},
        "configuration": {"jobType": kind.upper(), **config},
        "status": {"state": "DONE"},
        "statistics": {"creationTime": "0", "startTime": "0", "endTime": "0", **statistics},
    }


def _schema(columns: list[tuple[str, str]]) -> dict[str, Any]:
    return {"fields": [{"name": n, "type": kind, "mode": "NULLABLE"} for n, kind in columns]}


def _error(code: int, message: str) -> Answer:
    errors = [{"reason": _CODES[code], "message": message}]
    return code, {"error": {"code": code, "message": message, "errors": errors}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # it waits 40 ms for the peer between a head and a body
    big: BigQuery

    def do_GET(self) -> None:
        self._answer(*self.big.get(urlsplit(self.path).path))

    def do_POST(self) -> None:
        at = urlsplit(self.path)
        project = at.path.split("/projects/")[1].split("/")[0]
        if at.path.startswith("/upload/") or "uploadType" in at.query:
            self._upload(project, parse_qs(at.query)["uploadType"][0])
            return
        body = json.loads(self._body())
        if at.path.endswith("/queries"):
            self._answer(*self.big.query(project, body))
        else:
            self._answer(*self.big.insert(project, body))

    def do_DELETE(self) -> None:
        self._answer(*self.big.delete(urlsplit(self.path).path))

    def do_PUT(self) -> None:
        at = urlsplit(self.path)
        query = parse_qs(at.query)
        project = at.path.split("/projects/")[1].split("/")[0]
        first_last, _, total = self.headers["Content-Range"].removeprefix("bytes ").partition("/")
        end = int(first_last.partition("-")[2])
        is_last = total == str(end + 1)
        answer = self.big.upload(project, query["upload_id"][0], self._body(), is_last=is_last)
        if answer is None:
            self._answer(308, {}, Range=f"bytes=0-{end}")
        else:
            self._answer(*answer)

    def _upload(self, project: str, kind: str) -> None:
        content = self._body()
        if kind == "resumable":
            name = self.big.begin_upload(json.loads(content))
            host = self.headers["Host"]
            place = f"http://{host}/upload/bigquery/v2/projects/{project}/jobs?upload_id={name}"
            self._answer(200, {}, Location=place)
            return
        header = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(header + content).get_payload()
        about, file = (part.get_payload(decode=True) for part in parts)  # type: ignore[union-attr]
        try:
            self._answer(*self.big.insert(project, json.loads(about), file))  # type: ignore[arg-type]
        except ConnectionError:
            self.close_connection = True

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def _answer(self, code: int, body: dict[str, Any], **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def bigquery() -> Iterator[tuple[BigQuery, str]]:
    """Serve an empty project; give what it holds and the address of a dataset in it."""
    big = BigQuery()
    handler = type("Handler", (_Handler,), {"big": big})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        endpoint = f"http://127.0.0.1:{server.server_port}"
        yield big, f"bigquery://acme/audit?endpoint={endpoint}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
