"""Fee lines as hospitals upload them (2301, 2204, 2101, 2102), and what is answered of each."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from infra.gateway.national.call import NationalRefused
from infra.gateway.national.fields import (
    CodeOf,
    Fen,
    LineNumber,
    ListCode,
    Moment,
    Node,
    Number,
    Price,
    Quantity,
    as_stored,
)
from infra.gateway.national.settlement_answer import amount
from processors.catalogue.entries import NO_CAP
from processors.catalogue.fee_fields import OTHER_CHARGES
from processors.visits.lines import LineSet
from processors.visits.visit_rows import VisitLine

MOST_LINES = 100
"""How many lines a call may upload."""
_FLAGS = ("bas_medn_flag", "hi_nego_drug_flag", "chld_medc_flag", "list_sp_item_flag", "lmt_used_flag", "drt_reim_flag")
"""Flags of which neither hospital nor catalogue says anything: 0, no."""


class LineNode(Node):
    """One of ``feedetail`` or ``drugdetail``."""

    feedetl_sn: LineNumber
    init_feedetl_sn: LineNumber | None = None
    mdtrt_id: Number | None = None
    psn_no: Number | None = None
    chrg_bchno: Number | None = None
    med_list_codg: ListCode
    medins_list_codg: ListCode
    fee_ocur_time: Moment
    cnt: Quantity
    pric: Price
    det_item_fee_sumamt: Fen
    dise_codg: CodeOf | None = None
    fulamt_ownpay_amt: Fen | None = None
    overlmt_amt: Fen | None = None
    preselfpay_amt: Fen | None = None
    inscp_scp_amt: Fen | None = None


class LinesKey(Node):
    """``data`` of 2302: which lines."""

    mdtrt_id: Number
    psn_no: Number
    feedetl_sn: LineNumber


class BatchKey(Node):
    """``data`` of 2205: which batch."""

    mdtrt_id: Number
    psn_no: Number
    chrg_bchno: Number = Field(description="0000: every batch that is not settled")


def unpriced_line(node: LineNode, raw: Mapping[str, Any], of: LineSet, *, opter: str, at: datetime) -> VisitLine:
    """A line that no catalogue has priced: with the parts that the hospital states, else wholly in scope.

    What stated parts leave of the amount is in scope. Raises ``NationalRefused`` where they are more than it.
    """
    total = node.det_item_fee_sumamt
    if (node.cnt < 0) != (total < 0) and node.cnt and total:
        raise NationalRefused(
            f"费用明细 {node.feedetl_sn}：cnt（数量）与 det_item_fee_sumamt（明细项目费用总额）正负号不一致"
        )
    stated = [node.fulamt_ownpay_amt or 0, node.overlmt_amt or 0, node.preselfpay_amt or 0]
    by_hospital = any(stated) or bool(node.inscp_scp_amt)
    rest = total - sum(stated)
    sign = -1 if total < 0 else 1
    if by_hospital and (rest * sign < 0 or any(part * sign < 0 for part in stated)):
        raise NationalRefused(
            f"费用明细 {node.feedetl_sn}：全自费、超限价、先行自付之和 {sum(stated) / 100:.2f} 超过明细项目费用总额 "
            f"{total / 100:.2f}，或正负号不一致：请改正后重传"
        )
    return VisitLine(
        mdtrt_id=of.mdtrt_id,
        chrg_bchno=of.chrg_bchno,
        round=of.round,
        feedetl_sn=node.feedetl_sn,
        init_feedetl_sn=node.init_feedetl_sn,
        med_list_codg=node.med_list_codg,
        medins_list_codg=node.medins_list_codg,
        fee_ocur_time=node.fee_ocur_time,
        cnt=node.cnt,
        pric=node.pric,
        amount=total,
        self_funded=stated[0],
        over_limit=stated[1],
        upfront_copay=stated[2],
        in_scope=rest,
        priced_by="hospital" if by_hospital else "nobody",
        fee={},
        node=as_stored(raw),
        opter=opter,
        uploaded_at=at,
    )


def fee_answer(line: VisitLine) -> dict[str, Any]:
    """What 2301 and 2204 answer of a line: its four parts make its amount."""
    fee = line.fee
    return {
        "feedetl_sn": line.feedetl_sn,
        "det_item_fee_sumamt": amount(line.amount),
        "cnt": line.cnt,
        "pric": line.pric,
        "pric_uplmt_amt": Decimal(fee.get("pric_uplmt_amt", NO_CAP)),
        "selfpay_prop": Decimal(fee.get("selfpay_prop", 0)),
        "fulamt_ownpay_amt": amount(line.self_funded),
        "overlmt_amt": amount(line.over_limit),
        "preselfpay_amt": amount(line.upfront_copay),
        "inscp_scp_amt": amount(line.in_scope),
        "chrgitm_lv": fee.get("chrgitm_lv", _level(line)),
        "med_chrgitm_type": fee.get("med_chrgitm_type", OTHER_CHARGES),
        **dict.fromkeys(_FLAGS, "0"),
        "memo": fee.get("memo"),
    }


def _level(line: VisitLine) -> str:
    """收费项目等级 as the parts show it: 03 where nothing is covered, 02 where the person pays first, else 01."""
    if line.amount and line.self_funded == line.amount:
        return "03"
    return "02" if line.upfront_copay else "01"
