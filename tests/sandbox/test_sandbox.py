"""``claims sandbox`` as a vendor runs it: another process, spoken to by HTTP alone."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import orjson

from events.county_time import COUNTY_TIME
from tests import facts
from tests.gateway.harness import MOST_S, PATH
from tests.gateway.national.his import His, check_identities, line
from tests.program import claims, write_lines
from tests.sandbox.harness import sandbox


def his(client: httpx.AsyncClient, ready: Mapping[str, Any], tier: int, psn_no: str) -> His:
    async def post(envelope: Mapping[str, Any]) -> dict[str, Any]:
        answer = await client.post(ready["url"] + PATH, content=orjson.dumps(envelope))
        found: dict[str, Any] = json.loads(answer.content, parse_float=Decimal)
        return found

    code = next(each["fixmedins_code"] for each in ready["hospitals"] if each["tier"] == tier)
    region = next(each["insuplc_admdvs"] for each in ready["persons"] if each["psn_no"] == psn_no)
    return His(post, psn_no, code, region, region)


async def settled_stay(program: His) -> Any:
    """A stay that ended today, settled; its bill is 1,000 yuan of level 甲, without a cap."""
    today = datetime.now(COUNTY_TIME).replace(hour=0, minute=0, second=1, microsecond=0)
    begun = today - timedelta(days=2)
    mdtrt_id = await program.admit(on=f"{begun:%Y-%m-%d %H:%M:%S}")
    when = f"{begun + timedelta(days=1):%Y-%m-%d %H:%M:%S}"
    await program.upload(mdtrt_id, [line("1", "1000.00", fee_ocur_time=when, med_list_codg="MNZL0009")])
    await program.discharge(mdtrt_id, on=f"{today:%Y-%m-%d %H:%M:%S}")
    return await program.settle(mdtrt_id, "1000.00")


async def test_a_vendor_settles_a_stay_and_finds_it_after_a_restart(server_folder: Path) -> None:
    async with sandbox(server_folder) as first, httpx.AsyncClient(timeout=MOST_S) as client:
        assert {each["tier"] for each in first["hospitals"]} == {0, 1, 2, 3}
        assert len(first["persons"]) >= 3
        general = next(each for each in first["persons"] if each["categories"] == [])
        destitute = next(each for each in first["persons"] if each["categories"] == ["destitute"])
        # a township hospital: (1,000 - 100) x 90%
        program = his(client, first, 0, general["psn_no"])
        answer = await settled_stay(program)
        check_identities(answer)
        assert answer["setlinfo"]["hifp_pay"] == 810
        # a destitute person there: (1,000 - 100) x 95%, and assistance pays what is left in scope
        poor = await settled_stay(his(client, first, 0, destitute["psn_no"]))
        assert (poor["setlinfo"]["hifp_pay"], poor["setlinfo"]["psn_part_amt"]) == (855, 0)
    async with sandbox(server_folder) as second, httpx.AsyncClient(timeout=MOST_S) as client:
        assert second | {"url": ""} == first | {"url": ""}
        again = his(client, second, 0, general["psn_no"])
        again.sent = program.sent
        assert await again.again("2304") == answer


async def test_a_ledger_that_is_none_of_the_sandbox_is_left_alone(server_folder: Path) -> None:
    data = ("--data-dir", server_folder / "ledger")
    await claims("settle", write_lines(server_folder / "facts.jsonl", [facts.hospital()]), *data)
    refused = await claims("sandbox", "--listen", "127.0.0.1:0", *data)
    assert (refused.code, "--data-dir" in refused.err) == (2, True)
    assert not (server_folder / "ledger-gateway.key").exists()
