"""Reports, the supplementary account and the person file add up to the ledger."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from policies.vocabulary import LAYERS
from tests.month.clearing import booked
from tests.month.county import ANYI, SHANGGAO, County

WITHIN = ("--year", "2019", "--region", SHANGGAO)


async def reports_add_up(county: County) -> None:
    annual = await county.done("report", "annual", *WITHIN)
    assert {(row["setting"], row["poor"]): amounts(row) for row in annual} == {
        # C5
        ("general", False): {"total": "100.00", "basic": "65.00", "paid": "65.00", "patient_share": "35.00"},
        # C4 and C9: 10,600 + 1,100
        ("inpatient", False): {"total": "11700.00", "basic": "6900.00", "paid": "6900.00", "patient_share": "4800.00"},
        # C10
        ("chronic", True): {"total": "500.00", "basic": "400.00", "paid": "400.00", "patient_share": "100.00"},
        ("inpatient", True): {
            "total": "71000.00",  # C1 21,400 + C2 30,600 + C3 12,400 + C8 6,600
            "basic": "48400.00",  # 16,000 + 17,400 + 9,600 + 5,400
            "critical_illness": "4550.00",  # C2
            "supplementary": "14970.00",  # 4,485 + 6,885 + 2,520 + 1,080
            "assistance": "903.75",  # 330 + 573.75
            "paid": "68823.75",
            "patient_share": "1176.25",  # 585 + 191.25 + 280 + 120
            "hospital_share": "1000.00",
        },
    }
    (poor_stays,) = [row for row in annual if row["poor"] and row["setting"] == "inpatient"]
    assert (poor_stays["claims"], poor_stays["persons"], poor_stays["paid_share"]) == (4, 2, "0.9693")

    paid = await monthly_flows_add_up(county, annual)
    await hospitals_add_up(county, annual, paid)
    await targets_name_who_is_under_them(county)


async def monthly_flows_add_up(county: County, annual: Sequence[Mapping[str, Any]]) -> Decimal:
    """Fund flows are what layers have booked, straight from the ledger; returns what all layers pay."""
    flows = await county.done("report", "monthly", "--region", SHANGGAO)
    layers = {row["layer"] for row in flows}
    by_layer = {layer: {name: summed(flows, name, layer=layer) for name in FLOWS} for layer in layers}
    ledger = await county.query(
        """SELECT layer, coalesce(sum(paid) FILTER (WHERE NOT late), 0) / 100.0,
                  coalesce(sum(paid) FILTER (WHERE late), 0) / 100.0, sum(paid) / 100.0
           FROM ledger.entries, LATERAL (SELECT convert_from(data, 'UTF8')::jsonb ? 'cause' AS late) AS brought_about
           WHERE type LIKE 'payout.%' AND scheme = 'shanggao' GROUP BY 1"""
    )
    assert by_layer == {layer: dict(zip(FLOWS, sums, strict=True)) for layer, *sums in ledger}
    # 16,000 + 18,000 + 9,600 + 6,000 + 65 + 2,700 + 400 + 7,200 + 900 + 1,680; −600 of C2, −2,700 of C6, −1,800 of C8,
    # −1,680 of C11's correction
    assert by_layer["basic"] == dict(zip(FLOWS, map(Decimal, ("62545.00", "-6780.00", "55765.00")), strict=True))
    # 4,710 of C1, 7,065 of C2, 1,260 of C8, 738 of C11; C3's 2,520 came of the mended list; −225, −180, −180; what
    # was left of C11 was 0: −738
    supplementary = map(Decimal, ("13773.00", "1197.00", "14970.00"))
    assert by_layer["supplementary"] == dict(zip(FLOWS, supplementary, strict=True))
    for layer, sums in by_layer.items():
        assert sums["net"] == summed(annual, layer), layer
    paid = summed(annual, "paid")
    assert paid == await booked(county) == sum(sums["net"] for sums in by_layer.values())
    return paid


async def hospitals_add_up(county: County, annual: Sequence[Mapping[str, Any]], paid: Decimal) -> None:
    """Every bill in the ledger, as last corrected, of claims that were not reversed."""
    bills = dict(await county.query(BILLS_BY_HOSPITAL))
    hospitals = {row["hospital_id"]: row for row in await county.done("report", "hospital", "--year", "2019")}
    assert {name: Decimal(row["total"]) for name, row in hospitals.items()} == bills
    assert [(name, row["claims"], row["stays"], row["total"]) for name, row in hospitals.items()] == [
        ("H4", 1, 1, "1000.00"),
        ("H3", 2, 2, "41200.00"),  # C2, C4
        ("H1", 3, 2, "34300.00"),  # C1, C3, C10
        ("H2", 3, 2, "7800.00"),  # C5, C8, C9
    ]
    # (21,400 + 12,400) / 2; 1,000 of 34,300
    assert (hospitals["H1"]["average_stay"], hospitals["H1"]["out_of_catalog_share"]) == ("16900.00", "0.0292")
    borne = summed(annual, "patient_share") + summed(annual, "hospital_share")
    assert paid + borne == summed(annual, "total") == sum(bills[name] for name in ("H1", "H2", "H3"))


async def targets_name_who_is_under_them(county: County) -> None:
    told = await county.done("report", "targets", *WITHIN)
    assert [(row["target"], row["met"], row["persons"]) for row in told if row["row"] == "attainment"] == [
        ("enrolment", 2, 3),  # P1 and P2, of these and P4
        ("reimbursement", 2, 2),
    ]
    under = [row for row in told if row["row"] == "targets"]
    assert [(row["target"], row["person_id"], row["base"], row["reached"]) for row in under] == [
        ("enrolment", "P4", None, None),
    ]


FLOWS = ("decided", "adjusted", "net")
SHARES = ("patient_share", "hospital_share")
BILLS_BY_HOSPITAL = """
WITH said AS (
    SELECT number, type, substr(source, 10) AS hospital_id, convert_from(raw, 'UTF8')::jsonb -> 'data' AS data
    FROM ledger.entries
    WHERE type IN ('discharge.recorded.v1', 'outpatient.recorded.v1', 'claim.corrected.v1', 'claim.reversed.v1')
), last AS (SELECT DISTINCT ON (data ->> 'claim_id') * FROM said ORDER BY data ->> 'claim_id', number DESC)
SELECT hospital_id, sum((data #>> '{bill,total}')::numeric(16, 2)) FROM last
WHERE type <> 'claim.reversed.v1' GROUP BY 1
"""


def amounts(row: Mapping[str, Any]) -> dict[str, str]:
    """The money of an annual report's row that is not nothing."""
    return {name: row[name] for name in ("total", *LAYERS, "paid", *SHARES) if row[name] != "0.00"}


def summed(rows: Iterable[Mapping[str, Any]], name: str, **wanted: str) -> Decimal:
    chosen = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return sum((Decimal(row[name]) for row in chosen), Decimal())


async def the_supplementary_account(county: County) -> None:
    """And 安义, which nobody has cleared: it is told."""
    (left,) = await county.done("clearing", "open")
    assert (left["region"], left["amount"], left["bookings"]) == (ANYI, "974.00", 3)
    (year,) = await county.done("account", "--scheme", "anyi")
    names = ("year", "premiums", "operations", "payouts", "carried_out", "by_government")
    # P7's 330; 6% of it; C7's 234; 330 − 19.80 − 234
    assert tuple(year[name] for name in names) == (2019, "330.00", "19.80", "234.00", "76.20", "0.00")


async def a_person_s_file_names_every_amount(county: County) -> None:
    """P1's: the premiums, the loan, each claim's fall from bill to own share, and what every layer ever stood at."""
    path = county.files / "P1.html"
    ended = await county.claims("file", "P1", "--out", path)
    assert ended.code == 0, ended.err
    before, *articles = path.read_text(encoding="utf-8").split('<article id="claim-')
    for amount in ("250.00", "75.00", "260.00", "3,000.00"):
        assert amount in before, amount
    told = {article.partition('"')[0]: article for article in articles}
    assert list(told) == ["C1", "C2"]
    for claim, article in told.items():
        bars = {who: Decimal(fen) / 100 for who, fen in BAR.findall(article)}
        stands = {who: Decimal(amount) for who, amount in (await county.paid(claim)).items()}
        assert {who: amount for who, amount in bars.items() if amount} == stands | {"total": sum(stands.values())}
    stood = await county.query(
        """SELECT claim_id, sum(paid) OVER (PARTITION BY claim_id, stage ORDER BY run) / 100.0
           FROM ledger.entries WHERE person_id = 'P1' AND type LIKE 'payout.%'"""
    )
    assert [each for each in stood if f"{each[1]:,.2f}" not in told[each[0]]] == []


BAR = re.compile(r'data-kind="(\w+)" data-fen="(\d+)"')


async def the_books_hold(county: County) -> None:
    (proved,) = await county.done("verify")
    counts = {name: proved[name] for name in ("holds", "claims", "persons", "skipped", "clearings", "seals")}
    # the ledger's persons: P1-P4, P7, P8
    assert counts == {"holds": True, "claims": 11, "persons": 6, "skipped": 0, "clearings": 3, "seals": 1}
    for derived in await county.done("rebuild", "--dry-run"):
        assert derived["differences"] == [], derived["projection"]
    (held,) = await county.done("seal", "--check", county.files / "seal.json")
    assert held["holds"]


async def the_books_are_sealed(county: County) -> None:
    (sealed,) = await county.done("seal", "--out", county.files / "seal.json")
    assert sealed["number"] == 1
