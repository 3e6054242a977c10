"""A settled claim as its settlement sheet (结算单) shows it: who pays what."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncEngine

from events.chinese_amount import in_capitals
from events.money import yuan
from processors.law.terms import FUND_NAMES
from processors.person.file import file_of
from processors.person.file_model import FileClaim, PersonFile
from processors.person.history import PersonHistory


class NoSheet(RuntimeError):
    """A claim has no sheet; the message says why, in both languages."""


@dataclass(frozen=True, slots=True)
class SheetPayer:
    """What a layer pays, in fen, by which fund, and the insurer that keeps it where the text names one."""

    layer: str
    fund: str
    insurer: str | None
    paid: int


@dataclass(frozen=True, slots=True)
class ClaimSheet:
    """A claim that stands, within its person's file; ``source`` has sent it."""

    file: PersonFile
    claim: FileClaim
    source: str
    payers: list[SheetPayer]

    @property
    def on_paper(self) -> bool:
        """Whether a bureau had the bill on paper."""
        return self.claim.invoice is not None


async def claim_sheet(engine: AsyncEngine, history: PersonHistory, claim_id: str, source: str) -> ClaimSheet:
    """The sheet of a claim of a person's history, which ``source`` has sent. Raises ``NoSheet``."""
    file = await file_of(engine, history)
    shown = next((each for each in file.claims if each.claim_id == claim_id), None)
    if shown is None:
        raise NoSheet(
            f"账目里没有结算单 {claim_id} 的结算，请运行 claims verify 核对。The entries do not settle this claim"
        )
    if not shown.stands:
        raise NoSheet(f"结算单 {claim_id} 已冲正，不再打印。The claim was reversed: nothing is printed of it")
    text = next(claim.scheme for claim in history.claims if claim.claim_id == claim_id)
    scheme = history.schemes[text]
    payers = []
    for layer in shown.layers:
        fund = scheme.fund_of(layer.layer)
        payers.append(SheetPayer(layer.layer, FUND_NAMES[fund.fund], fund.insurer, layer.paid))
    return ClaimSheet(file, shown, source, payers)


def capitals(fen: int) -> str:
    """Fen in capitals: 552000 is 伍仟伍佰贰拾元整; below nothing it begins with 负."""
    return in_capitals(Decimal(yuan(fen)))
