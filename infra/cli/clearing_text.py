"""The steps of clearing as clerks read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from events.county_time import COUNTY_TIME
from infra.cli.output import table
from infra.files.region_names import region_named
from infra.words.clearing import KIND_NAMES, STEP_NAMES
from processors.clearing.funds import EMERGENCY_FUND

LINE_COLUMNS = ("payee_kind", "payee", "fund", "settled", "adjusted", "audit", "repaid", "payable")

Row = Mapping[str, Any]


def print_history(history: Sequence[Row]) -> None:
    """Print every step that was recorded, those that were taken back too."""
    columns = "账目 entry,步骤 step,时间 at,经办 by,收款方 payee,金额 amount,凭证号 reference,说明 reason"
    cells = [
        (
            *(str(row["entry"]), STEP_NAMES[row["type"]], moment_shown(row["at"]), row["actor"]),
            *(_payee(row) if row["payee"] else "—", _amount(row["amount"]), row["reference"] or "—", _reason(row)),
        )
        for row in history
    ]
    table("办理记录 Steps", columns.split(","), cells, right=(0, 5))


def moment_shown(at: str) -> str:
    """A moment in the county's time."""
    return f"{datetime.fromisoformat(at).astimezone(COUNTY_TIME):%Y-%m-%d %H:%M}"


def _amount(amount: str | None) -> str:
    return f"{Decimal(amount):,}" if amount else "—"


def _reason(row: Row) -> str:
    takes_back = f"撤销账目 takes back entry {row['reverses']}" if row["reverses"] else ""
    return "；".join(part for part in (takes_back, row["reason"] or "") if part) or "—"


def _payee(row: Row) -> str:
    payee = region_named(row["payee"]) if row["payee_kind"] == EMERGENCY_FUND else row["payee"]
    return f"{KIND_NAMES[row['payee_kind']]} {payee}"
