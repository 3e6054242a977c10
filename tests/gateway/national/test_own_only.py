"""Each hospital sees and changes its own alone: by table over all transactions of the national interface."""

import json
import re
from typing import Any

import pytest

from infra.gateway.national.reply import REFUSED
from tests.gateway.national.county import GatewayCounty
from tests.gateway.national.his import CallRefused, His
from tests.gateway.national.walks import INTERFACE, every_transaction

OF_NOBODY = {"9001", "9002"}
NEW = {"2401", "2201", "2101", "2102", "9101", "3203", "3203A"}
"""What makes something new of the caller's own."""
OF_THE_PERSON = {"1101", "5206"}
"""Who a person is and what is left of the year's limits, which any hospital that treats the person needs."""
OWN_SUMS = {"3201"}
EMPTY: dict[str, Any] = {"5201": {"mdtrtinfo": []}, "5205": {"feedetail": []}, "2601": {}}
"""Questions by person that find nothing of another hospital's; a message that the caller never sent is taken back."""
_NUMBERS = re.compile(r"H7[A-Z][0-9]{6,}")


@pytest.fixture(scope="module")
async def owner(county: GatewayCounty) -> list[His]:
    """Programs of H7 that have sent each transaction."""
    return await every_transaction(county, "H7")


def sent_by(programs: list[His]) -> dict[str, dict[str, Any]]:
    """The last envelope of each transaction."""
    return {infno: envelope for his in programs for infno, envelope in his.sent.items()}


async def test_the_table_has_every_transaction(owner: list[His]) -> None:
    assert sent_by(owner).keys() == INTERFACE


async def answered(his: His, infno: str, given: Any) -> Any:
    """What a call is told: its output, or why it is refused."""
    try:
        return await his.call(infno, given)
    except CallRefused as refused:
        return refused.err_msg if refused.infcode == REFUSED else refused


@pytest.mark.parametrize("infno", sorted(INTERFACE - OF_NOBODY - NEW - OF_THE_PERSON - OWN_SUMS))
async def test_another_s_is_told_as_what_does_not_exist(county: GatewayCounty, owner: list[His], infno: str) -> None:
    given = sent_by(owner)[infno]["input"]
    psn_no = next(his.psn_no for his in owner if infno in his.sent)
    stranger = His(county.post, psn_no, "H6")
    told = await answered(stranger, infno, given)
    if infno in EMPTY:
        assert told == EMPTY[infno]
        return
    assert isinstance(told, str), f"{infno} of another hospital's is done: {told}"
    text = json.dumps(given)
    made_up = json.loads(re.sub(_NUMBERS, lambda number: number[0][:-6] + "999999", text))
    assert made_up != given, f"no number of H7's in {text}"
    nothing = await answered(stranger, infno, made_up)
    assert re.sub("[0-9]{6,}", "", told) == re.sub("[0-9]{6,}", "", nothing)


async def test_a_day_s_sums_are_the_caller_s_own(county: GatewayCounty, owner: list[His]) -> None:
    given = sent_by(owner)["3201"]["input"]
    told = await His(county.post, "P", "H6").call("3201", given)
    assert told["stmtinfo"]["stmt_rslt"] == "0", "H6 has settled nothing, and the empty sums are H6's"


async def test_nothing_of_the_owner_s_has_changed(county: GatewayCounty, owner: list[His]) -> None:
    standing = owner[1]
    stranger = His(county.post, standing.psn_no, "H6")
    stranger.sent["2304"] = standing.sent["2304"]
    await stranger.withdraw("2304")
    assert [each["status"] for each in await county.ledger.claims(standing.psn_no)] == ["settled"]
