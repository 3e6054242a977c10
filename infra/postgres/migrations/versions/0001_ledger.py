"""The ledger, the projections, the processors' tables, and finance's views."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything; the statements stand in the SQL files beside this one."""
    for schema in ("ledger", "projections", "processors", "finance"):
        op.execute(f"CREATE SCHEMA {schema}")
    for name in ("0001_tables.sql", "0001_guards.sql", "0001_views.sql"):
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        for statement in text.split(";\n"):
            if statement.strip():
                op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
