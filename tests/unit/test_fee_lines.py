"""Fee lines of the national interface: their parts, refunds, digest."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from events.county_time import COUNTY_TIME
from infra.gateway.national.call import NationalRefused
from infra.gateway.national.fee_nodes import LineNode, fee_answer, unpriced_line
from infra.gateway.national.fields import read_node
from processors.visits.lines import PARTS, LineSet, digest
from processors.visits.visit_rows import VisitLine

AT = datetime(2019, 5, 6, 9, 30, tzinfo=COUNTY_TIME)
NODE: dict[str, Any] = {
    "feedetl_sn": "1",
    "med_list_codg": "XA01",
    "medins_list_codg": "D1",
    "fee_ocur_time": "2019-05-06 09:30:00",
    "cnt": 2,
    "pric": "50.125",
    "det_item_fee_sumamt": "100.25",
}


def line(**changed: Any) -> VisitLine:
    """A line as a hospital uploads it."""
    raw = NODE | changed
    return unpriced_line(read_node(LineNode, raw, "feedetail"), raw, LineSet("M1", "", 1), opter="W1", at=AT)


def parts(of: VisitLine) -> tuple[int, ...]:
    """The four parts, in fen."""
    return tuple(getattr(of, part) for part in PARTS)


def test_a_line_without_parts_is_in_scope() -> None:
    assert parts(line()) == (0, 0, 0, 100_25)
    # a client that sends 0.00 for what it does not know
    zeros = dict.fromkeys(("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt"), "0.00")
    assert parts(line(**zeros)) == (0, 0, 0, 100_25)
    assert line(**zeros).priced_by == "nobody"


def test_what_stated_parts_leave_is_in_scope() -> None:
    # 100.25 − 10.02 − 0.03 = 90.20, whatever the hospital's rounding made of it
    split = line(preselfpay_amt=10.02, overlmt_amt="0.03", inscp_scp_amt="90.21")
    assert parts(split) == (0, 3, 10_02, 90_20)
    assert split.priced_by == "hospital"
    with pytest.raises(NationalRefused, match=r"超过明细项目费用总额 100\.25"):
        line(fulamt_ownpay_amt="100.26")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"det_item_fee_sumamt": "abc"}, "det_item_fee_sumamt（明细项目费用总额） 须为数字"),
        ({"cnt": "-2"}, "正负号不一致"),
        ({"fee_ocur_time": "2019-13-01"}, "fee_ocur_time（费用发生时间） 须为 yyyy-MM-dd"),
        ({"feedetl_sn": ""}, "feedetl_sn（费用明细流水号） 必填"),
        ({"pric": "1e400"}, "pric（单价） 须为数字"),
        ({"det_item_fee_sumamt": "NaN"}, "须为数字"),
    ],
)
def test_a_wrong_field_is_named_in_chinese(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(NationalRefused) as refused:
        line(**changed)
    assert told in refused.value.message_zh


def test_the_answer_of_a_line_adds_up() -> None:
    told = fee_answer(line(preselfpay_amt="10.02", overlmt_amt="0.03"))
    split = sum(told[name] for name in ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt"))
    assert told["det_item_fee_sumamt"] == split == Decimal("100.25")
    assert told["pric_uplmt_amt"] == 999999
    assert told["chrgitm_lv"] == "02"
    assert fee_answer(line(fulamt_ownpay_amt="100.25"))["chrgitm_lv"] == "03"


def test_the_digest_is_of_what_the_lines_say_and_not_of_their_order() -> None:
    first, second = line(), line(feedetl_sn="2", cnt="2.0000", pric=50.125)
    assert digest([first, second]) == digest([second, first])
    for changed in ({"amount": 1}, {"cnt": Decimal(3)}, {"medins_list_codg": "D2"}, {"in_scope": 1}):
        assert digest([first, second]) != digest([structs.replace(first, **changed), second])
    # later keeping changes nothing of what was digested
    assert digest([first]) == digest([structs.replace(first, round=2, opter="W9", node={})])
