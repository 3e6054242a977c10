"""Alembic's environment: migrations run on the connection that infra.postgres.engine hands over."""

from alembic import context

import projections.accumulations
import projections.grants
import projections.refusals
import projections.statements  # noqa: F401 - each declares its tables
from events.store.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    version_table_schema="public",
)
with context.begin_transaction():
    context.run_migrations()
