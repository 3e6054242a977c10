"""Hospitals send bills; facts that come later settle them again."""

from tests import facts
from tests.month.county import BUREAU, County, by
from tests.program import write_lines


async def hospitals_settle(county: County) -> None:
    """P3 is treated outside the county and pays the whole bill; the emergency fund has lent 2,000 before (上高 二5)."""
    await county.hears(
        by(BUREAU, facts.advance("L2", "2000", "2019-09-11", "P3")),
        *facts.stay(1, "P1", "2019-09-05", hospital_id="H1", bill=facts.bill("20400", self_funded="1000")),
        *facts.stay(3, "P2", "2019-09-08", "12400", hospital_id="H1"),
        *facts.stay(4, "P3", "2019-09-12", "10600", hospital_id="H3", prepaid=True),
        facts.visit("C5", "P3", "H2", "2019-09-14", "general", "100"),
        *facts.stay(6, "P3", "2019-09-16", "3100", hospital_id="H2"),
        *facts.stay(7, "P7", "2019-09-17", "1000", hospital_id="H4"),
    )
    # P1, tier 2, registered poor and dibao: (20,400 − 400) × 80%; 4,400 is under the line of 7,500;
    # supplementary 4,400 × 90% + 1,000 × 75%; assistance 440 × 75%; 21,040 is over 90% of 21,400; left 110 + 250
    assert await county.paid("C1") == {
        "basic": "16000.00",
        "supplementary": "4710.00",
        "assistance": "330.00",
        "patient": "360.00",
    }
    # P2, tier 2, on no list yet: (12,400 − 400) × 80%; 2,800 is under the line of 15,000
    assert await county.paid("C3") == {"basic": "9600.00", "patient": "2800.00"}
    # P3, tier 3, not poor: (10,600 − 600) × 60%; 4,600 under 15,000; he had paid the whole bill
    assert await county.paid("C4") == {"basic": "6000.00", "patient": "4600.00"}
    assert (await county.statement("C4"))["payee"] == "person"
    # tier 1: 100 × 65%, under 120 a year; and (3,100 − 100) × 90%
    assert await county.paid("C5") == {"basic": "65.00", "patient": "35.00"}
    assert await county.paid("C6") == {"basic": "2700.00", "patient": "400.00"}
    # 安义, tier 2: (1,000 − 400) × 80%; assistance 520 × 50%; supplementary 260 × 90%; 974 is over 900
    assert await county.paid("C7") == {
        "basic": "480.00",
        "assistance": "260.00",
        "supplementary": "234.00",
        "patient": "26.00",
    }


async def a_quote_is_what_is_settled_then(county: County) -> None:
    """P1 is treated outside the county at one stop; for his deposit the emergency fund has lent 3,000."""
    lent = {**by(BUREAU, facts.advance("L1", "3000", "2019-09-10")), "actor": "chen"}
    again = by(BUREAU, facts.advance("L1", "5000", "2019-09-10", "P2"))
    await county.hears(lent, again, facts.admit("A2", "P1", "H3", "2019-09-10"))
    assert [row["reason"] for row in await county.done("refusals")] == ["duplicate_advance"]
    leaving = facts.discharge("C2", "A2", "P1", "H3", "2019-09-20", "30600")
    asked = write_lines(county.files / "asked.jsonl", [leaving, by("hospital/H1", leaving)])
    quoted, prying = await county.done("quote", asked)
    assert prying["refused"]["reason"] == "source_not_allowed"
    assert await county.done("statements", "--claim", "C2") == []
    await county.hears(leaving)
    assert quoted["statement"] == await county.statement("C2")
    # tier 3: (30,600 − 600) × 60%; critical illness (4,400 + 12,600 − 7,500) × 50%; supplementary 7,850 × 90%;
    # assistance 785 × 75%; 30,403.75 is over 90% of 30,600
    assert await county.paid("C2") == {
        "basic": "18000.00",
        "critical_illness": "4750.00",
        "supplementary": "7065.00",
        "assistance": "588.75",
        "patient": "196.25",
    }


async def a_reversal_an_audit_and_a_refusal(county: County) -> None:
    await county.hears(
        facts.reverse("C6", "hospital/H2"),
        by(BUREAU, facts.audit("C2", "1000", "hospital", "F1")),
        *facts.stay(99, "P4", "2019-09-19", hospital_id="H2"),  # rostered, and enrolled by nobody
        *facts.stay(11, "P2", "2019-09-26", "2500", hospital_id="H1"),
    )
    assert await county.paid("C6") == {}
    # tier 2: (2,500 − 400) × 80%; supplementary 820 × 90%
    assert await county.paid("C11") == {"basic": "1680.00", "supplementary": "738.00", "patient": "82.00"}
    # nothing of it was in the catalog: 75%, and the county's budget to 90%
    await county.hears(facts.correct("C11", hospital_id="H1", bill=facts.bill(self_funded="2500")))
    assert await county.paid("C11") == {"supplementary": "1875.00", "backstop": "375.00", "patient": "250.00"}
    # 29,600 are left: 29,000 × 60%; (4,400 + 12,200 − 7,500) × 50%; 7,650 × 90%; 765 × 75%; the hospital bears 1,000
    assert await county.paid("C2") == {
        "basic": "17400.00",
        "critical_illness": "4550.00",
        "supplementary": "6885.00",
        "assistance": "573.75",
        "patient": "191.25",
        "hospital": "1000.00",
    }
    refusals = await county.done("refusals")
    assert [(row["event_id"], row["reason"]) for row in refusals[1:]] == [("discharge-C99", "not_enrolled")]


async def october_adjusts(county: County) -> None:
    await county.hears(
        by(BUREAU, facts.audit("C1", "300", "person", "F2")),
        facts.correct("C8", "6100", "H2", bill=facts.bill("6100", upfront_copay="500")),
        *facts.stay(9, "P3", "2019-10-09", "1100", hospital_id="H2"),
        facts.reverse("C11"),
    )
    assert await county.paid("C11") == {}
    # the 300 leave the self-funded 1,000: supplementary 4,400 × 90% + 700 × 75%; he bears 110 + 175 + 300
    assert await county.paid("C1") == {
        "basic": "16000.00",
        "supplementary": "4485.00",
        "assistance": "330.00",
        "patient": "585.00",
    }
    # (6,100 − 100) × 90%; supplementary (600 + 500) × 90%: out of S 600 and C 390
    assert await county.paid("C8") == {"basic": "5400.00", "supplementary": "1080.00", "patient": "120.00"}
    # tier 1: (1,100 − 100) × 90%
    assert await county.paid("C9") == {"basic": "900.00", "patient": "200.00"}
