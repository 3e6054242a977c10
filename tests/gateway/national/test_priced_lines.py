"""Fee lines over the national interface in a region that has a catalogue: their parts, refunds, what is not listed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from processors.catalogue.entries import CatalogueEntry
from processors.catalogue.store import import_catalogue
from tests.gateway.national.county import LIAONING, PRICED, GatewayCounty
from tests.gateway.national.his import His, check_identities, line, refusal
from tests.gateway.national.ledger import GatewayLedger

FEE_PARTS = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")


def entry(code: str, **stated: Any) -> CatalogueEntry:
    usual: dict[str, Any] = {
        "number": 0,
        "name": code,
        "kind": "drug",
        "level": "02",
        "upfront_ratio": Decimal("0.1"),
        "price_cap": None,
        "charge_type": "09",
        "valid_from": date(2019, 1, 1),
        "region": PRICED,
    }
    return CatalogueEntry(code=code, **(usual | stated))


@pytest.fixture(scope="module")
async def listed(county: GatewayCounty) -> None:
    """B of level 乙 up to 10 yuan, C of 丙, A of 甲; as of 2019."""
    entries = [
        entry("A", level="01", upfront_ratio=Decimal(0), kind="service", charge_type="05"),
        entry("B", price_cap=Decimal(10)),
        entry("C", level="03", upfront_ratio=Decimal(1)),
    ]
    await import_catalogue(county.gateway.engine, entries, "0" * 64, "wang")


@pytest.fixture
def priced_his(county: GatewayCounty, listed: None) -> His:
    """The program of a hospital whose region has a catalogue."""
    return county.his("H9")


def fee_parts(fee: dict[str, Any]) -> list[Decimal]:
    return [Decimal(fee[name]) for name in FEE_PARTS]


async def test_a_stay_is_settled_by_the_catalogue(priced_his: His, county: GatewayCounty) -> None:
    his = priced_his
    mdtrt_id = await his.admit()
    lines = [
        # what the hospital states of it is passed over: 3 × 2.50 over, 10% of 30.00
        line("1", "37.50", cnt=3, pric="12.50", med_list_codg="B", inscp_scp_amt="37.50"),
        line("2", "1000.00", med_list_codg="A"),
        line("3", "8.80", med_list_codg="C"),
        line("4", "9.90", med_list_codg="X9"),
        # of a day before the catalogue: as the hospital has it
        line("5", "20.00", med_list_codg="X9", fee_ocur_time="2018-12-31 08:00:00", preselfpay_amt="5.00"),
    ]
    told = await his.upload(mdtrt_id, lines)
    assert [fee_parts(fee) for fee in told] == [
        [0, Decimal("7.50"), 3, 27],
        [0, 0, 0, 1000],
        [Decimal("8.80"), 0, 0, 0],
        [Decimal("9.90"), 0, 0, 0],
        [0, 0, 5, 15],
    ]
    said = ("chrgitm_lv", "med_chrgitm_type", "pric_uplmt_amt", "selfpay_prop", "memo")
    assert [tuple(fee[name] for name in said) for fee in told[:4]] == [
        ("02", "09", 10, Decimal("0.1"), None),
        ("01", "05", 999999, 0, None),
        ("03", "09", 999999, 1, "丙类，全自费"),
        ("03", "14", 999999, 1, "当日目录中没有该编码，全自费"),
    ]
    # the catalogue is corrected: a line that is priced stays, and its refund is by the same terms
    corrected = entry("B", upfront_ratio=Decimal("0.5"))
    await import_catalogue(county.gateway.engine, [corrected], "1" * 64, "wang")
    assert await his.upload(mdtrt_id, lines) == told
    (back,) = await his.upload(
        mdtrt_id, [line("6", "-12.50", cnt=-1, pric="12.50", med_list_codg="B", init_feedetl_sn="1")]
    )
    assert fee_parts(back) == [0, Decimal("-2.50"), -1, -9]
    (new,) = await his.upload(mdtrt_id, [line("7", "12.50", med_list_codg="B")])
    assert fee_parts(new) == [0, 0, Decimal("6.25"), Decimal("6.25")]
    too_much = line("8", "-37.50", cnt=-2, pric="12.50", med_list_codg="B", init_feedetl_sn="1")
    assert "原明细尚余数量 2、金额 25.00 元" in (await refusal(his.upload(mdtrt_id, [too_much]))).err_msg
    await his.discharge(mdtrt_id)
    settled = await his.settle(mdtrt_id, "1076.20")
    check_identities(settled)
    info = settled["setlinfo"]
    of_bill = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    every = [*told, back, new]
    assert [info[name] for name in of_bill] == [sum(parts) for parts in zip(*map(fee_parts, every), strict=True)]


async def test_all_of_a_line_taken_back_within_a_call_leaves_nothing(priced_his: His) -> None:
    mdtrt_id = await priced_his.register()
    # the refund before its charge, as some programs sort them
    lines = [
        line("r", "-10.01", cnt=-3, pric="3.336667", med_list_codg="B", init_feedetl_sn="c"),
        line("c", "10.01", cnt=3, pric="3.336667", med_list_codg="B"),
        line("o", "10.00", med_list_codg="A"),
    ]
    back, charged, other = await priced_his.upload_batch(mdtrt_id, "B1", lines)
    assert [sum(both) for both in zip(fee_parts(back), fee_parts(charged), strict=True)] == [0, 0, 0, 0]
    assert back["chrgitm_lv"] == charged["chrgitm_lv"] == "02"
    assert fee_parts(other) == [0, 0, 0, 10]


async def test_a_purchase_is_priced_tried_and_settled(
    county: GatewayCounty, listed: None, ledger: GatewayLedger
) -> None:
    his = county.his("H9", region=LIAONING)
    given = {
        "druginfo": {
            "psn_no": his.psn_no,
            "begntime": "2019-05-06 15:00:00",
            "medfee_sumamt": "60.00",
            "insutype": "390",
            "med_type": "41",
        },
        "drugdetail": [line("1", "50.00", med_list_codg="A"), line("2", "10.00", med_list_codg="C")],
    }
    for infno in ("2101", "2102"):
        told = await his.call(infno, given)
        check_identities(told)
        assert [fee_parts(fee) for fee in told["detlcutinfo"]] == [[0, 0, 0, 50], [10, 0, 0, 0]]
        assert told["setlinfo"]["fulamt_ownpay_amt"] == 10
    (event,) = await ledger.events(his.psn_no, "outpatient.recorded.v1")
    assert event["data"]["bill"]["self_funded"] == "10.00"
