"""A hospital's own file is compared with the ledger."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.month.county import County

H2_HEADINGS = "结算单号,日期,状态,总额,基本医保,补充保险,个人支付"
H2_SEPTEMBER = {
    "C5": "C5,2019-09-14,已结算,100.00,65.00,,35.00",
    "C6": "C6,2019-09-16,已冲正,3100.00,,,",
    "C8": "C8,2019-09-25,已结算,6600.00,5400.00,1080.00,120.00",
}
PLANTED: dict[str, tuple[dict[str, str | None], tuple[str | None, ...]]] = {
    "in the ledger only": ({"C5": None}, ("ledger_only", "C5", None, None)),
    "at the hospital only": (
        {"C99": "C99,2019-09-19,已结算,10000.00,8910.00,,1090.00"},
        ("hospital_only", "C99", None, None),
    ),
    "an amount": (
        {"C8": "C8,2019-09-25,已结算,6600.00,5400.00,1080.00,181.00"},
        ("amount_differs", "C8", "patient_share", "61.00"),
    ),
    "reversed on one side": (
        {"C6": "C6,2019-09-16,已结算,3100.00,2700.00,,400.00"},
        ("reversed_in_ledger", "C6", "status", None),
    ),
    "reversed on the other": ({"C8": "C8,2019-09-25,已冲正,,,,"}, ("reversed_at_hospital", "C8", "status", None)),
    "a day": ({"C5": "C5,2019-09-15,已结算,100.00,65.00,,35.00"}, ("date_differs", "C5", "date", None)),
}
TOTALS = "人次,总额,基本医保,基金支付,个人支付"


async def a_hospital_s_file_is_reconciled(county: County) -> None:
    """The township hospital's September: as it is, with each error alone, and with one of every claim."""
    path, sums = county.files / "h2.csv", county.files / "totals.csv"

    async def differences(
        *changes: Mapping[str, str | None], totals: str | None = None, agrees: bool = False
    ) -> list[dict[str, Any]]:
        stated: dict[str, str | None] = dict(H2_SEPTEMBER)
        for change in changes:
            stated |= change
        path.write_text("\r\n".join([H2_HEADINGS, *filter(None, stated.values())]), encoding="gb18030")
        compared: tuple[object, ...] = ("reconcile", "--hospital", "H2", "--month", "2019-09", path)
        if totals is not None:
            sums.write_text(f"{TOTALS}\n{totals}\n", encoding="gb18030")
            compared = (*compared, "--totals", sums)
        *found, summary = await county.done(*compared, code=0 if agrees else 1)
        assert summary["differences"] == len(found)
        return found

    def told(found: Iterable[Mapping[str, Any]]) -> list[tuple[str | None, ...]]:
        return [tuple(row[name] for name in ("kind", "claim_id", "field", "difference")) for row in found]

    # C5 and C8: 100 + 6,600; 65 + 5,400; 65 + 5,400 + 1,080; 35 + 120
    true = "2,6700.00,5465.00,6545.00,155.00"
    assert await differences(totals=true, agrees=True) == []
    for what, (change, expected) in PLANTED.items():
        assert told(await differences(change)) == [expected], what

    # its totals and its rows lack C5 alike; its rows alone; its totals are wrong by 1 in basic and by 3 in all funds
    c5_missing = PLANTED["in the ledger only"][0]
    lacks = {"claims": "1", "total": "100.00", "basic": "65.00", "patient_share": "35.00"}
    missing = ("ledger_only", "C5", None, None)
    assert told(await differences(c5_missing, totals="1,6600.00,5400.00,6480.00,120.00")) == [
        missing,
        *(("total_differs", None, name, f"-{amount}") for name, amount in lacks.items()),
    ]
    assert told(await differences(c5_missing, totals=true)) == [
        missing,
        *(("total_not_of_detail", None, name, amount) for name, amount in lacks.items()),
    ]
    assert told(await differences(totals="2,6700.00,5466.00,6548.00,155.00")) == [
        (kind, None, name, amount)
        for kind in ("total_differs", "total_not_of_detail")
        for name, amount in (("basic", "1.00"), ("funds", "3.00"))
    ]

    names = ("in the ledger only", "at the hospital only", "an amount", "reversed on one side")
    found = await differences(*(PLANTED[name][0] for name in names))
    assert {row["claim_id"] for row in found} == {"C5", "C6", "C8", "C99"}
    (why,) = [row["detail"] for row in found if row["kind"] == "hospital_only"]
    assert why.startswith("refused: not_enrolled")
