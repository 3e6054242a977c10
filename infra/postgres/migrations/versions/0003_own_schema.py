"""Views leave the migrations; targets; sums by layer in rows; constraints on amounts and states."""

from pathlib import Path

from alembic import op

from infra.postgres.script import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FILES = ("0003_views.sql", "0003_targets.sql", "0003_sums.sql", "0003_constraints.sql")


def upgrade() -> None:
    """Run the SQL files beside this one."""
    for name in FILES:
        run_script(op.get_bind(), (Path(__file__).parent / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
