"""Money kept back and released, payments in parts, and what the county's console shows."""

from pathlib import Path

from alembic import op

from infra.postgres.script import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FILES = ("0008_withholdings.sql", "0008_payment_parts.sql", "0008_proposals.sql")


def upgrade() -> None:
    """Run the SQL files beside this one."""
    for name in FILES:
        run_script(op.get_bind(), (Path(__file__).parent / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
