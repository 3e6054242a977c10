"""A draft as the journal holds it: rows without the clearing's id, read again as they were; amounts in fen."""

import orjson
import pytest

from projections.clearing_rows import (
    AdvanceRepayment,
    ClearedPart,
    ClearingDraft,
    ClearingLine,
    SetOff,
    balances,
)

ID = "220621-2031-01-1"
LINES = (
    ClearingLine(ID, "hospital", "H1", "basic", settled=600, adjusted=0, audit=-60, repaid=0),
    ClearingLine(ID, "hospital", "H1", "assistance", settled=50, adjusted=0, audit=0, repaid=0),
    ClearingLine(ID, "person", "P1", "basic", settled=300, adjusted=-20, audit=0, repaid=100),
)
DRAFT = ClearingDraft(
    clearing_id=ID,
    region="220621",
    month="2031-01",
    actor="wang",
    ranges={"basic.0": (0, 7)},
    lines=LINES,
    repayments=(AdvanceRepayment(ID, "220621", "L1", "basic", "P1", 100),),
    set_off=(SetOff("R1", "hospital", "H1", 40),),
    parts=(ClearedPart(ID, "C1", "hospital", "basic", 0, "audit", -60),),
)


def test_a_draft_is_read_as_it_was_written() -> None:
    data = orjson.loads(orjson.dumps(DRAFT.event_data()))
    assert ClearingDraft.from_event(data) == DRAFT
    assert not [row for name in ("lines", "parts", "repayments") for row in data[name] if "clearing_id" in row]


def test_a_draft_from_before_parts_were_recorded_has_none() -> None:
    data = DRAFT.event_data()
    del data["parts"]
    assert ClearingDraft.from_event(data | {"changes": []}).parts == ()


LINE = {"payee_kind": "hospital", "payee": "H1", "fund": "basic", "settled": 1, "adjusted": 0, "audit": 0}
SET_OFF = {"receivable_id": "R1", "payee_kind": "hospital", "payee": "H1", "amount": 40}


@pytest.mark.parametrize(
    "bad",
    [
        {"lines": [{"payee": "H1"}]},
        {"lines": ["H1"]},
        {"lines": [LINE]},
        {"lines": [LINE | {"repaid": 0, "note": "x"}]},
        {"set_off": [SET_OFF | {"note": "x"}]},
        {"ranges": {"basic.0": [1]}},
    ],
)
def test_a_draft_that_says_something_else_is_not_read(bad: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        ClearingDraft.from_event(DRAFT.event_data() | bad)


def test_a_payee_s_balance_is_over_all_funds() -> None:
    """H1: 600 - 60 + 50; P1: 300 - 20 - 100."""
    assert balances(LINES) == {("hospital", "H1"): 590, ("person", "P1"): 180}
