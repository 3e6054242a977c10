"""Who a person is over the national interface (1101), and in settlements, with the persons' register and without."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from infra.files.key_file import PERSONS, key_file_of, write_keys
from infra.settings import Settings
from processors.identities.identity import Identity
from processors.identities.store import record_identities
from processors.offices.keys import KeyRing, new_key
from processors.visits.looks import looks
from tests import facts
from tests.gateway.national.county import FUSONG, GatewayCounty
from tests.gateway.national.his import His, line, refusal

WIDENED, OLD = "11010519491231002X", "110105491231002"
UNKNOWN = "999999199001010016"
KNOWN = "P-known"
"""Nobody whom the county hands out to tests, so that no other test finds this person's claims."""
BASE = {"mdtrt_cert_type": "02", "begntime": "2019-05-06 08:00:00"}


@pytest.fixture(scope="module")
async def url(county: GatewayCounty) -> AsyncIterator[str]:
    """Where a gateway with a persons' register answers: it knows one person."""
    gateway, key = county.gateway, new_key()
    write_keys(key_file_of(Settings(data_dir=gateway.folder / "ledger"), PERSONS), PERSONS, [key])
    who = Identity(KNOWN, "测甲", "01", WIDENED, "2", date(1949, 12, 31), ethnicity="11", employer="测试厂")
    await record_identities(gateway.engine, KeyRing([key]), [who], "wang")
    await gateway.publish(
        [
            facts.enrol(KNOWN),
            facts.roster(KNOWN, "dibao", on="2019-02-01"),
            facts.roster(KNOWN, "veteran", on="2019-06-01"),
        ]
    )
    async with gateway.another() as running:
        yield running.url


def knowing(county: GatewayCounty, url: str, code: str = "H1") -> His:
    """The program of a hospital at the gateway with the register."""

    async def post(envelope: dict[str, Any]) -> dict[str, Any]:
        answer = await county.gateway.client.post(f"{url}/any", content=orjson.dumps(envelope))
        told: dict[str, Any] = answer.json()
        return told

    return His(post, KNOWN, code, insured_in=FUSONG)


@pytest.mark.parametrize(
    "asked",
    [
        {"mdtrt_cert_no": WIDENED},
        {"mdtrt_cert_no": OLD, "mdtrt_cert_type": "02"},
        {"certno": WIDENED.lower(), "psn_cert_type": "01", "psn_name": "测甲", "mdtrt_cert_no": "E1"},
        {"mdtrt_cert_no": KNOWN, "mdtrt_cert_type": "03"},
        {"psn_no": KNOWN},
    ],
)
async def test_a_person_is_found_whatever_number_is_sent(
    county: GatewayCounty, url: str, asked: dict[str, Any]
) -> None:
    his = knowing(county, url)
    told = await his.call("1101", {"data": BASE | asked})
    assert told["baseinfo"] == {
        "psn_no": KNOWN,
        "psn_cert_type": "01",
        "certno": WIDENED,
        "psn_name": "测甲",
        "gend": "2",
        "naty": "11",
        "brdy": "1949-12-31",
        "age": 69,
        "exp_content": None,
    }
    (insured,) = told["insuinfo"]
    stated = ("insutype", "psn_type", "psn_insu_stas", "insuplc_admdvs", "emp_name")
    assert [insured[name] for name in stated] == ["390", "15", "1", FUSONG, "测试厂"]
    (identity,) = told["idetinfo"]
    assert (identity["psn_idet_type"], identity["begntime"]) == ("23", "2019-02-01 00:00:00")
    async with county.gateway.engine.connect() as connection:
        last = (await connection.execute(select(looks).order_by(looks.c.number.desc()).limit(1))).one()
    said = (last.fixmedins_code, last.opter, last.infno, last.msgid, last.psn_no)
    assert said == ("H1", "W01", "1101", his.sent["1101"]["msgid"], KNOWN)


async def test_identities_are_those_of_the_day_by_the_table_of_the_region(county: GatewayCounty, url: str) -> None:
    told = await knowing(county, url, "H2").call("1101", {"data": {"psn_no": KNOWN, "begntime": "2019-06-01"}})
    assert sorted(row["psn_idet_type"] for row in told["idetinfo"]) == ["01", "M7"]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"mdtrt_cert_no": UNKNOWN}, "参保人登记簿里没有这个证件号码"),
        ({"mdtrt_cert_no": "E9999999", "mdtrt_cert_type": "01"}, "没有这个证件号码或人员编号"),
        ({"certno": WIDENED, "psn_name": "测乙"}, "与证件登记的姓名不符"),
        ({"certno": WIDENED, "psn_no": "P058"}, "参保人登记簿里没有这个证件号码"),
        ({}, "请至少填写一项"),
    ],
)
async def test_who_is_unknown_is_refused(county: GatewayCounty, url: str, asked: dict[str, Any], why: str) -> None:
    his = knowing(county, url)
    assert why in (await refusal(his.call("1101", {"data": BASE | asked}))).err_msg
    async with county.gateway.engine.connect() as connection:
        kept = await connection.execute(select(looks.c.number).where(looks.c.msgid == his.sent["1101"]["msgid"]))
        # that a certificate is another's tells something of a person: it is a look
        assert len(kept.all()) == ("psn_name" in asked)


async def test_without_a_register_the_insured_s_number_is_asked_for(his: His) -> None:
    told = await his.call("1101", {"data": BASE | {"mdtrt_cert_no": his.psn_no, "mdtrt_cert_type": "01"}})
    assert told["baseinfo"]["psn_no"] == his.psn_no
    assert told["baseinfo"]["psn_name"] is None
    assert told["insuinfo"][0]["psn_insu_stas"] == "1"
    refused = await refusal(his.call("1101", {"data": BASE | {"mdtrt_cert_no": WIDENED}}))
    assert "没有参保人登记簿" in refused.err_msg
    # of a year for which nobody enrolled the person
    later = await his.call("1101", {"data": {"psn_no": his.psn_no, "begntime": "2020-01-02"}})
    assert later["insuinfo"][0]["psn_insu_stas"] == "2"


async def test_a_settlement_names_who_is_in_the_register(county: GatewayCounty, url: str) -> None:
    his = knowing(county, url)
    mdtrt_id = await his.stay([line("1", "1000.00")])
    for infno in ("2303", "2304"):
        info = (await his.settle(mdtrt_id, "1000.00", infno=infno))["setlinfo"]
        assert (info["psn_name"], info["certno"], info["gend"], info["brdy"]) == ("测甲", WIDENED, "2", "1949-12-31")
        assert info["age"] >= 69


async def test_a_look_is_never_changed(county: GatewayCounty) -> None:
    for change in ("UPDATE gateway.looks SET psn_no = 'P1'", "DELETE FROM gateway.looks", "TRUNCATE gateway.looks"):
        async with county.gateway.engine.connect() as connection:
            with pytest.raises(DBAPIError, match="looks are never changed"):
                await connection.execute(text(change))
