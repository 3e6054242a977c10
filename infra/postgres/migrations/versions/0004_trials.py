"""What trials found missing: a return's reference; lanes' owners in rows; refusals in Chinese too."""

from pathlib import Path

from alembic import op

from infra.postgres.script import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FILES = ("0004_clearing.sql", "0004_lane_owners.sql", "0004_intake.sql", "0004_enrollment.sql")


def upgrade() -> None:
    """Run the SQL files beside this one."""
    for name in FILES:
        run_script(op.get_bind(), (Path(__file__).parent / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    """A ledger is not taken back."""
    raise NotImplementedError("the ledger is append only: restore a backup instead")
