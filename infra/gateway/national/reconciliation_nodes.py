"""The nodes by which hospitals reconcile and apply for clearing (3201 to 3204, 9101, 9102)."""

from datetime import date
from typing import Any, Self

from pydantic import Field, model_validator

from infra.gateway.national.call import NationalRefused
from infra.gateway.national.fields import CodeOf, DayOf, Fen, InsuranceCode, Node, Number, Words
from processors.reconciliation.hospital_settlements import Chosen, SettlementSums

MOST_DAYS = 366
"""How many days are reconciled at once."""
_REFUND_SPELLINGS = ("REFD_SETL_FLAG", "refd_setl_flag")


class StatementNode(Node):
    """``data`` of 3201 and 3202: days, kinds, and the hospital's own sums."""

    setl_optins: CodeOf | None = Field(default=None, pattern=r"^[0-9]{6}$")
    stmt_begndate: DayOf
    stmt_enddate: DayOf
    clr_type: CodeOf | None = None
    medfee_sumamt: Fen
    fund_pay_sumamt: Fen
    fixmedins_setl_cnt: int = Field(ge=0, le=10**10)
    refunds: bool = True

    @model_validator(mode="before")
    @classmethod
    def read_refunds(cls, node: Any) -> Any:
        """Take the flag in either spelling: 0 leaves refunds out."""
        flags = [str(node[name]).strip() for name in _REFUND_SPELLINGS if name in node]
        return {name: value for name, value in node.items() if name != "refunds"} | {"refunds": "0" not in flags}

    def sums(self) -> SettlementSums:
        """What the hospital states."""
        return SettlementSums(self.fixmedins_setl_cnt, self.medfee_sumamt, self.fund_pay_sumamt)

    def chosen(self, insutype: str | None = None) -> Chosen:
        """Which settlements are meant. Raises ``NationalRefused``."""
        days = (self.stmt_enddate - self.stmt_begndate).days
        if not 0 <= days < MOST_DAYS:
            raise NationalRefused(
                "stmt_begndate（对账开始日期）至 stmt_enddate（对账结束日期）须按先后，"
                f"至多 {MOST_DAYS} 天：请改正后重发"
            )
        first, last = self.stmt_begndate, self.stmt_enddate
        return Chosen(first, last, insutype, self.clr_type, self.setl_optins, self.refunds)


class TotalsNode(StatementNode):
    """``data`` of 3201."""

    insutype: InsuranceCode
    clr_type: CodeOf
    acct_pay: Fen = 0


class DetailNode(StatementNode):
    """``data`` of 3202."""

    file_qury_no: Number
    cash_payamt: Fen = 0


class UploadNode(Node):
    """``fsUploadIn`` of 9101."""

    content: Any = Field(alias="in")
    filename: Words = Field(max_length=200)


class DownloadNode(Node):
    """``fsDownloadIn`` of 9102."""

    file_qury_no: Number
    filename: Words | None = None


class ApplicationNode(Node):
    """``data`` of 3203 and of Jilin's 3203A, which lacks the month and the way, and names the office."""

    clr_type: CodeOf
    clr_way: CodeOf | None = None
    clr_optins: CodeOf | None = None
    setlym: CodeOf | None = Field(default=None, pattern=r"^[0-9]{4}(0[1-9]|1[0-2])$")
    psntime: int | None = Field(default=None, ge=0, le=10**6)
    medfee_sumamt: Fen
    med_sumfee: Fen
    fund_appy_sum: Fen
    cash_payamt: Fen
    acct_pay: Fen
    begndate: DayOf
    enddate: DayOf

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """Days in their order."""
        if self.enddate < self.begndate:
            raise ValueError("enddate（结束日期）早于 begndate（开始日期）")
        return self

    @property
    def month(self) -> date:
        """The first day of the month that is to be cleared."""
        if self.setlym is None:
            return self.begndate.replace(day=1)
        return date(int(self.setlym[:4]), int(self.setlym[4:]), 1)


class WithdrawalNode(Node):
    """``data`` of 3204 and 3204A."""

    clr_appy_evt_id: Number
