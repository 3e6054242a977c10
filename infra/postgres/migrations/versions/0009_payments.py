"""Fines that are replaced, payments in part, days of proposals, and indexes for what the console shows."""

from pathlib import Path

from alembic import op

from infra.postgres.script import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FILES = ("0009_fines.sql", "0009_payment_parts.sql", "0009_proposals.sql", "0009_speed.sql")


def upgrade() -> None:
    """Run the SQL files beside this one."""
    for name in FILES:
        run_script(op.get_bind(), (Path(__file__).parent / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
