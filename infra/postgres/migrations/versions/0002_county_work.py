"""What the county does beside settling bills: premiums, clearing, roles, seals, finance's views."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FILES: tuple[str, ...] = (
    "0002_premiums.sql",
    "0002_clearing.sql",
    "0002_backups.sql",
    "0002_mailboxes.sql",
    "0002_finance.sql",
    "0002_roles.sql",
)


def upgrade() -> None:
    """Add everything; the statements stand in the SQL files beside this one."""
    for name in FILES:
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        for statement in text.split(";\n"):
            if statement.strip():
                op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
