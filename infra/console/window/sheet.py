"""A settled claim as its settlement sheet (结算单) shows it: who pays what, with amounts in capitals."""

from dataclasses import dataclass
from decimal import Decimal

from fastapi import Request

from events.money import yuan
from infra.console.errors import NotFound, Refused
from infra.console.histories import history_of
from infra.console.looks import record_look
from infra.console.visitor import Visitor
from infra.files.chinese_amount import in_capitals
from processors.law.terms import FUND_NAMES
from processors.person.file import file_of
from processors.person.file_model import FileClaim, PersonFile
from projections.statements import load_statements


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


async def claim_sheet(request: Request, visitor: Visitor, claim_id: str, page: str) -> ClaimSheet:
    """A claim for paper; the look is recorded as ``page`` first. Raises ``NotFound``, ``Refused``."""
    async with visitor.engine.connect() as connection:
        row = (await load_statements(connection, [claim_id])).get(claim_id)
    if row is None:
        raise NotFound(f"没有结算单 {claim_id}。There is no claim {claim_id}")
    await record_look(request, visitor, row["person_id"], page)
    history = await history_of(visitor, row["person_id"])
    file = await file_of(visitor.engine, history)
    shown = next((each for each in file.claims if each.claim_id == claim_id), None)
    if shown is None:
        raise Refused(
            f"账目里没有结算单 {claim_id} 的结算，请运行 claims verify 核对。The entries do not settle this claim"
        )
    if not shown.stands:
        raise Refused(f"结算单 {claim_id} 已冲正，不再打印。The claim was reversed: nothing is printed of it")
    text = next(claim.scheme for claim in history.claims if claim.claim_id == claim_id)
    scheme = history.schemes[text]
    payers = []
    for layer in shown.layers:
        fund = scheme.fund_of(layer.layer)
        payers.append(SheetPayer(layer.layer, FUND_NAMES[fund.fund], fund.insurer, layer.paid))
    return ClaimSheet(file, shown, row["source"], payers)


def capitals(fen: int) -> str:
    """Fen in capitals: 552000 is 伍仟伍佰贰拾元整; below nothing it begins with 负."""
    return in_capitals(Decimal(yuan(fen)))
