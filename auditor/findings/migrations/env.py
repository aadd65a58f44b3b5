"""Where Alembic begins: it works on the connection that it is given, inside its transaction."""

from __future__ import annotations

from alembic import context

from auditor.findings.schema import version_table

context.configure(
    connection=context.config.attributes["connection"], version_table=version_table.name
)
with context.begin_transaction():
    context.run_migrations()
