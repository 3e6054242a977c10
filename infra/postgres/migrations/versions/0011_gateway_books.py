"""What hospitals reconcile and apply for over the gateway, and whom they looked at."""

from pathlib import Path

from alembic import op

from infra.postgres.script import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FILES = ("0011_reconciliation.sql", "0011_looks.sql", "0011_retention.sql")


def upgrade() -> None:
    """Run the SQL files beside this one."""
    for name in FILES:
        run_script(op.get_bind(), (Path(__file__).parent / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
