"""Files that are sent to be held against the ledger."""

import csv
import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson

from tests.console.harness import ConsoleUnderTest, SignedIn


async def _claims_of_a_month(session: SignedIn) -> tuple[str, list[dict[str, Any]]]:
    """A hospital, and its claims of March 2019."""
    answer = await session.get("/finance/claims?from=2019-03-01&until=2019-03-31&format=json")
    rows: list[dict[str, Any]] = orjson.loads(answer.content)["rows"]
    hospital = max({row["hospital_id"] for row in rows}, key=lambda id_: sum(row["hospital_id"] == id_ for row in rows))
    return hospital, [row for row in rows if row["hospital_id"] == hospital]


def _parts(claim: dict[str, Any]) -> tuple[str, str]:
    """What the funds and the person paid, as the hospital saw it: who prepaid a bill paid all but its own share."""
    if claim["payee"] == "hospital":
        return str(claim["paid"]), str(claim["patient_share"])
    return "0", str(Decimal(claim["total"]) - Decimal(claim["hospital_share"]))


def _file(rows: Sequence[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([("结算单号", "日期", "总额", "基金支付", "个人负担"), *rows])
    return text.getvalue().encode("utf-8-sig")


async def test_a_hospitals_month_shows_its_differences(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("ledger_writer")
    hospital, claims = await _claims_of_a_month(session)
    assert len(claims) > 1
    rows = [(each["claim_id"], each["date"], each["total"], *_parts(each)) for each in claims]
    fields = {"hospital_id": hospital, "month": "2019-03", "by": "date"}
    agreed = await session.post("/finance/reconciliation", fields, {"file": ("march.csv", _file(rows))})
    assert "对账一致" in agreed.text, agreed.text
    # the first is missing at the hospital, the second one yuan dearer there, and one is unknown to the ledger
    dearer = (rows[1][0], rows[1][1], str(Decimal(rows[1][2]) + 1), *rows[1][3:])
    sent = _file([dearer, *rows[2:], ("X1", "2019-03-05", "10.00", "8.00", "2.00")])
    answer = await session.post("/finance/reconciliation", fields, {"file": ("march.csv", sent)})
    assert answer.status_code == 200, answer.text
    told = orjson.loads((await session.get(f"{answer.url.path}?format=json")).content)["rows"]
    found = {(row["kind"], row["claim_id"]) for row in told}
    assert ("ledger_only", rows[0][0]) in found
    assert ("hospital_only", "X1") in found
    assert ("amount_differs", rows[1][0]) in found
    assert next(row for row in told if row["claim_id"] == rows[1][0])["difference"] in ("1.00", "-1.00")
    other = await console.signed_in("second_writer")
    assert (await other.get(answer.url.path)).status_code == 404
    for bad, said in (
        ({"month": "2019-3x"}, "月份"),
        ({"hospital_id": "H 1"}, "医院编号"),
    ):
        refused = await session.post("/finance/reconciliation", fields | bad, {"file": ("march.csv", sent)})
        assert refused.status_code == 422, refused.text
        assert said in refused.text
    unread = await session.post("/finance/reconciliation", fields, {"file": ("march.exe", sent)})
    assert unread.status_code == 422
    broken = await session.post("/finance/reconciliation", fields, {"file": ("march.csv", b"\xff\x00nothing")})
    assert broken.status_code == 422, broken.text


async def test_a_published_table_stands_beside_the_ledgers(console: ConsoleUnderTest) -> None:
    session = await console.signed_in("finance_reader")
    page = (await session.get("/finance/annual?setting=inpatient&poor=true")).text
    claims = re.search(r'<td class="n"><a [^>]*>([0-9,]+)</a>', page)
    assert claims is not None
    number = claims[1].replace(",", "")
    table = f"年度,统筹区,就医类型,贫困人口,人次,支付合计\n2019,360923,住院,是,{number},0.01\n"
    answer = await session.post("/finance/published", {}, {"file": ("二2.csv", table.encode())})
    assert answer.status_code == 200, answer.text
    told = orjson.loads((await session.get(f"{answer.url.path}?format=json")).content)["rows"]
    assert [(row["item"], row["agrees"]) for row in told] == [("claims", "是"), ("paid", "否")]
    wrong = await session.post("/finance/published", {}, {"file": ("二2.csv", b"a,b\n1,2\n")})
    assert wrong.status_code == 422, wrong.text
