"""The law is open at its edges, the rest: aid by decision, bills on paper, limits, prepayments, accounts of funds."""

from pathlib import Path

from alembic import op

from infra.postgres.script import run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FILES = (
    "0006_stays.sql",
    "0006_window.sql",
    "0006_limits.sql",
    "0006_payouts.sql",
    "0006_prepayments.sql",
    "0006_accounts.sql",
)


def upgrade() -> None:
    """Run the SQL files beside this one."""
    for name in FILES:
        run_script(op.get_bind(), (Path(__file__).parent / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
