"""Much for one person: a year of three visits a week, as dialysis needs them, and a stay of 500 fee lines."""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.gateway.national.his import His, check_identities, figures, line
from tests.gateway.national.ledger import GatewayLedger

VISITS = 156
EACH = 300
FEE_LINES = 500
AT_ONCE = 8
"""Visits in work at once: who comes first is open, and what the year comes to is not."""
A_CALL = 100
"""Fee lines that the interface takes at once."""


async def test_three_visits_a_week_use_up_a_year_s_limits_to_the_fen(his: His, ledger: GatewayLedger) -> None:
    """抚松 2019, chronic, not poor: basic 60% up to 5,000 a year, critical illness 55% of what is borne over 6,000.

    156 x 300 = 46,800. Basic: 27 x 180 = 4,860, the 28th visit 140, then nothing: 5,000. Critical illness:
    (46,800 - 5,000 - 6,000) x 55% = 35,800 x 55% = 19,690. The person: 46,800 - 5,000 - 19,690 = 22,110.
    """
    turn = asyncio.Semaphore(AT_ONCE)

    async def settled(number: int) -> Mapping[str, Any]:
        on = (date(2019, 1, 1) + timedelta(days=number * 7 // 3)).isoformat()
        fee = line("1", EACH, dise_codg="M03900", fee_ocur_time=f"{on} 09:00:00")
        async with turn:
            mdtrt_id = await his.register(on=f"{on} 08:30:00")
            await his.upload_batch(mdtrt_id, "B1", [fee])
            answer: Mapping[str, Any] = await his.settle_batch(mdtrt_id, "B1", EACH, "14")
            return answer

    told = await asyncio.gather(*(settled(number) for number in range(VISITS)))
    for answer in told:
        check_identities(answer)
    infos = [answer["setlinfo"] for answer in told]
    assert sorted((info["hifp_pay"] for info in infos), reverse=True) == [180] * 27 + [140] + [0] * (VISITS - 28)
    assert sum(info["hifmi_pay"] for info in infos) == 19_690
    assert sum(info["psn_part_amt"] for info in infos) == 22_110
    standing = {each["claim_id"]: ledger.figures(each) for each in await ledger.claims(his.psn_no)}
    assert standing == {answer["setlinfo"]["setl_id"]: figures(answer) for answer in told}
    asked = {"data": {"psn_no": his.psn_no, "cum_ym": "201912"}}
    sums = {each["cum_type_code"]: each["cum"] for each in (await his.call("5206", asked))["cuminfo"]}
    assert (sums["D390101"], sums["D390201"]) == (5_000, 19_690)


async def test_a_stay_of_500_fee_lines(his: His, ledger: GatewayLedger) -> None:
    lines = [line(str(number), f"{number}.01") for number in range(1, FEE_LINES + 1)]
    total = Decimal(FEE_LINES * (FEE_LINES + 1) // 2) + FEE_LINES * Decimal("0.01")
    mdtrt_id = await his.admit()
    for start in range(0, FEE_LINES, A_CALL):
        await his.upload(mdtrt_id, lines[start : start + A_CALL])
    await his.discharge(mdtrt_id)
    told = await his.settle(mdtrt_id, str(total))
    check_identities(told)
    (statement,) = await ledger.claims(his.psn_no)
    assert ledger.figures(statement) == figures(told)
    (event,) = await ledger.events(his.psn_no, "discharge.recorded.v1")
    assert event["linesdigest"] == await ledger.digest_of_lines(mdtrt_id)
    info = told["setlinfo"]
    kept = await his.call("5204", {"data": {name: info[name] for name in ("mdtrt_id", "setl_id", "psn_no")}})
    assert {each["feedetl_sn"]: each["det_item_fee_sumamt"] for each in kept} == {
        each["feedetl_sn"]: Decimal(each["det_item_fee_sumamt"]) for each in lines
    }
