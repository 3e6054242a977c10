"""The county's desk: leads, cases, registers, warnings, payments."""

from pathlib import Path

from alembic import op

from infra.postgres.script import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FILES = (
    "0007_reports.sql",
    "0007_leads.sql",
    "0007_cases.sql",
    "0007_registers.sql",
    "0007_warning.sql",
    "0007_bank.sql",
)


def upgrade() -> None:
    """Run the SQL files beside this one."""
    for name in FILES:
        run_script(op.get_bind(), (Path(__file__).parent / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
