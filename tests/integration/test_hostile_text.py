"""Every command that shows what others wrote shows it as text: no escape, no control, no turned order of reading."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from sqlalchemy import text

from infra.cli import app
from infra.files.case_file import example_cases
from infra.postgres.engine import connect
from processors.registers.registers import REGISTERS
from tests import facts
from tests.clerk import Clerk, clerk
from tests.hostile_cases import case_calls
from tests.integration.bank_calls import bank_calls
from tests.integration.gateway_calls import gateway_calls
from tests.months import months_from_now
from tests.program import write_lines
from tests.reforms import whatif_calls

BOSS = "\x1b[32mboss\u202e\x9b\x07"
SHOWN = r"\x1b[32mboss\u202e\x9b\x07"
REGION = "220621"
EXAMPLE = Path("docs/examples/county.yaml")

WITHOUT = {
    **dict.fromkeys(
        ("up", "console", "gateway", "demo", "restore", "backup"),
        "runs until it is stopped, or takes over servers or files",
    ),
    "events schemas": "prints the number of its own files",
    "publish": "wants a running up; prints a count and what check_readable says, as settle does",
    "clearing withdraw": "what it prints of the ledger is what clearing approve prints",
}
"""Commands that are not walked, and why."""


def hostile_facts() -> list[Any]:
    named = facts.hospital()
    named["data"]["name"] = f"医院{BOSS}"
    fined = facts.fine()
    fined["data"] |= {"reason": BOSS, "clause": BOSS}
    suspended = facts.suspend("2019-08-01", clause=BOSS)
    listed = facts.roster("P1", "dibao") | {"actor": BOSS}
    odd = facts.event("hospital/H1", "odd", f"odd{BOSS}")
    broken = facts.discharge("C9", "A9", "P1")
    broken["data"][BOSS] = BOSS
    return [
        *(named, fined, suspended, facts.enrol("P1", self_paid="220"), listed, odd, broken),
        *facts.stay(1),
        *facts.stay(2, "P1", "2019-04-10"),
        facts.advance("L1", "P1"),
        facts.file_referral(reason=BOSS),
        facts.audit("C2", "10", "hospital"),
        facts.discharge("C8", "A8", "P1"),
    ]


def commands() -> dict[str, Any]:
    """Every command by its words."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", {})
        for name, each in inner.items():
            yield from walk(each, (*words, name))
        if not inner or command.invoke_without_command:
            yield " ".join(words), command

    return dict(walk(typer.main.get_command(app), ()))


def calls(folder: Path, month: str) -> dict[str, list[tuple[object, ...]]]:
    """What is typed for each command; an odd argument where it takes one."""
    listed = folder / "list.csv"
    listed.write_text(f"参保人编号,救助对象类别,{BOSS}\nP1,低保对象,x\nP{BOSS},{BOSS},y\n", encoding="utf-8")
    detail = folder / "detail.csv"
    detail.write_text(f"claim_id,date,total,patient_share,funds,{BOSS}\nC1,{BOSS},1,1,1,z\n", encoding="utf-8")
    quoted = write_lines(folder / "quote.jsonl", [facts.visit("V1", "P1"), facts.visit("V2", BOSS)])
    lists = ["statements", "accumulations", "grants", "refusals", "waiting", "parked", "premiums", "fines"]
    lists += ["enrollments", "referrals", "verify", "status", "advances", "receivables"]
    who, by = ("--actor", "wang"), ("--source", f"civil-affairs/{REGION}")
    return {
        "settle": [("settle", write_lines(folder / "hostile.jsonl", hostile_facts())), ("settle", f"no{BOSS}")],
        **{name: [(name,)] for name in lists},
        "refusals": [("refusals",), ("refusals", "--lifted")],
        "payouts": [("payouts",), ("payouts", "--payer", BOSS)],
        "seal": [("seal",), ("seal", "--out", folder / f"no{BOSS}")],
        **{f"events {text}": [("events", text, "--out", folder / f"no{BOSS}")] for text in ("asyncapi", "openapi")},
        "rebuild": [("rebuild", "--dry-run")],
        "account": [("account", "--scheme", "fusong"), ("account", "--scheme", BOSS)],
        **person_calls(folder),
        "quote": [("quote", quoted)],
        "resettle": [("resettle", "--scheme", BOSS, "--from", "2019-01-01", "--dry-run")],
        "reconcile": [
            ("reconcile", detail, "--hospital", "H1", "--month", "2019-03"),
            ("reconcile", detail, "--hospital", BOSS, "--month", "2019-03"),
        ],
        **scheme_calls(folder),
        **access_calls(),
        **clearing_calls(month),
        **office_calls(folder),
        **bank_calls(folder, month, REGION, BOSS),
        **gateway_calls(folder, BOSS),
        "roster import": [
            ("roster", "import", listed, "--source", f"civil-affairs/{REGION}", "--period", "2019-06", *who),
            ("roster", "import", listed, "--source", BOSS, "--period", "2019-06", *who),
        ],
        "roster publish": [
            ("roster", "publish", "--period", "2019-06", "--region", REGION, "--out", folder / "out"),
            ("roster", "publish", "--period", BOSS, "--region", REGION, "--out", folder / "out"),
        ],
        "roster withdraw": [
            ("roster", "withdraw", *by, "--period", "2019-06", *who, "--reason", BOSS),
            ("roster", "withdraw", "--source", BOSS, "--period", "2019-06", "--dry-run"),
        ],
        **report_calls(folder, detail),
    }


def person_calls(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The same for one person."""
    return {
        "changes": [
            ("changes", "--actor", BOSS, "--source", BOSS, "--person", BOSS),
            *(("changes", option, BOSS) for option in ("--kind", "--since", "--until")),
            ("changes",),
        ],
        "replay": [("replay", "P1"), ("replay", BOSS), ("replay", "P1", "--as-of", BOSS)],
        "file": [("file", "P1", "--out", folder / "P1.html"), ("file", BOSS, "--out", folder / "x.html")],
    }


def report_calls(folder: Path, detail: Path) -> dict[str, list[tuple[object, ...]]]:
    """The same for reports."""
    return {
        **{f"report {name}": [("report", name)] for name in ("hospital", "targets", "oversight", "townships")},
        "report annual": [("report", "annual"), ("report", "annual", "--published", detail)],
        "report diseases": [("report", "diseases"), ("report", "diseases", "--disease", BOSS)],
        "report leader": [
            ("report", "leader", "--year", "2019", "--out", folder / "leader.html"),
            ("report", "leader", "--year", "2019", "--out", folder / f"no{BOSS}" / "leader.html"),
        ],
        "report scorecards": [
            ("report", "scorecards", "--year", "2019"),
            ("report", "scorecards", "--year", "2019", "--hospital", "H1", "--out", folder / "scorecards.xlsx"),
            ("report", "scorecards", "--year", "2019", "--hospital", BOSS),
        ],
        "report monthly": [("report", "monthly"), ("report", "monthly", "--month", BOSS)],
    }


def scheme_calls(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The same for the law."""
    scheme = folder / "county.yaml"
    scheme.write_text('"odd\\e[32mboss\\u202e": 1\n', encoding="utf-8")
    cases = folder / "cases.csv"
    cases.write_bytes(example_cases().replace("住院".encode(), f"住院{BOSS}".encode()))
    return {
        "whatif": whatif_calls(folder, BOSS),
        "schemes list": [("schemes", "list")],
        "schemes show": [("schemes", "show", "fusong"), ("schemes", "show", BOSS)],
        "schemes export": [("schemes", "export", BOSS), ("schemes", "export", "fusong", "--adopted")],
        "schemes offers": [
            ("schemes", "offers", "--region", "220621", "--on", "2019-05-06"),
            ("schemes", "offers", "--region", BOSS),
        ],
        "schemes cases": [
            ("schemes", "cases", "--out", folder / "cases.csv"),
            ("schemes", "cases", "--out", folder / f"no{BOSS}" / "cases.csv"),
        ],
        "schemes check": [("schemes", "check", scheme), ("schemes", "check", EXAMPLE, "--cases", cases)],
        "schemes adopt": [("schemes", "adopt", scheme, *("--actor", "wang"))],
    }


def clearing_calls(month: str) -> dict[str, list[tuple[object, ...]]]:
    """The same for the commands that move money."""
    clearing = f"{REGION}-{month}-1"
    who, other = ("--actor", "wang"), ("--actor", "li")
    return {
        "clearing draft": [("clearing", "draft", "--region", REGION, "--month", month, *who)],
        "clearing open": [("clearing", "open")],
        "clearing list": [("clearing", "list"), ("clearing", "list", "--region", BOSS)],
        "clearing approve": [("clearing", "approve", clearing, *other), ("clearing", "approve", BOSS, *other)],
        "clearing pay": [
            ("clearing", "pay", clearing, *other, "--reference", "T1"),
            ("clearing", "pay", clearing, *other, "--reference", BOSS),
            ("clearing", "pay", clearing, *other, "--reference", "T1", "--payee", BOSS),
        ],
        "clearing return": [("clearing", "return", clearing, *other, "--payee", BOSS, "--reason", "back")],
        "clearing orders": [("clearing", "orders", clearing), ("clearing", "orders", BOSS, "--fund", BOSS)],
        "clearing show": [("clearing", "show", clearing), ("clearing", "show", BOSS)],
        "clearing rebuild": [("clearing", "rebuild")],
        "clearing reverse": [("clearing", "reverse", clearing, *other, "--payee", BOSS, "--reason", BOSS)],
        "receivables settle": [("receivables", "settle", BOSS, *who, "--reference", "T")],
        "receivables show": [("receivables", "show", BOSS)],
        "receivables reverse": [("receivables", "reverse", BOSS, *who, "--reference", BOSS, "--reason", "slip")],
        "advances show": [("advances", "show", "L1", "--region", REGION), ("advances", "show", BOSS, "--region", BOSS)],
        "advances reverse": [
            ("advances", "reverse", "L1", "--region", REGION, *other, "--reference", BOSS, "--reason", BOSS),
        ],
        "advances repay": [
            ("advances", "repay", BOSS, "--region", REGION, "--amount", "1", *who, "--reference", "T2"),
            ("advances", "repay", "L1", "--region", REGION, "--amount", BOSS, *who, "--reference", "T2"),
        ],
    }


def paper_bill(folder: Path) -> tuple[object, ...]:
    """A visit's bill on paper, without its hospital."""
    scan = folder / "scan.pdf"
    scan.write_bytes(b"%PDF")
    of_person = ("--region", REGION, "--person", "P1", "--invoice", BOSS, "--paper", scan, "--setting", "general")
    return (*of_person, "--on", "2019-05-02", "--total", "100", "--in-scope", "100")


def fund_calls(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The same for what is paid ahead or from papers, and for money that funds receive and transfer."""
    who, other, bank = ("--actor", "wang"), ("--actor", "li"), ("--reference", BOSS)
    of_scheme = ("--scheme", "fusong", "--region", REGION, "--amount", "9", "--on", "2019-03-31", *who)
    budget = ("--scheme", "fusong", "--region", REGION, "--year", "2019", "--spending", "9", *who)
    ahead = ("prepayments", "order", "--region", REGION, "--fund", "basic_fund", "--amount", "9", *who, "--hospital")
    kept = ("withholdings", "order", "--region", REGION, "--year", "2019", *who, "--reason", BOSS)
    steps = ("approve", "withdraw", "return", "reverse", "show")
    said: dict[str, tuple[object, ...]] = {
        "approve": (*other, *bank, "--day", "2019-04-01"),
        "withdraw": who,
        "return": (*other, *bank),
        "reverse": (*other, *bank, "--reason", BOSS),
        "show": (),
    }
    moved = {"approve": other, "withdraw": (*who, "--reason", BOSS), "reverse": (*other, "--reason", BOSS)}
    return {
        "prepayments order": [(*ahead, "H1", "--reason", BOSS), (*ahead, BOSS, "--reason", "x")],
        "prepayments": [("prepayments",)],
        **{f"prepayments {step}": [("prepayments", step, BOSS, *said[step])] for step in steps},
        "withholdings": [("withholdings",), ("withholdings", "--hospital", BOSS)],
        "withholdings releases": [("withholdings", "releases")],
        "withholdings order": [(*kept, "--share", "100%"), (*kept, "--share", BOSS), (*kept, "--hospital", BOSS)],
        "withholdings show": [("withholdings", "show", BOSS)],
        "withholdings approve": [("withholdings", "approve", BOSS, *other)],
        "withholdings withdraw": [("withholdings", "withdraw", BOSS, *other, "--reason", BOSS)],
        "funds receive": [
            ("funds", "receive", "donation", *of_scheme, "--fund", "charity", "--reference", "B1", "--from", BOSS),
            ("funds", "receive", "donation", *of_scheme, "--fund", BOSS, *bank, "--proof", folder / f"no{BOSS}"),
        ],
        "funds transfer": [
            ("funds", "transfer", "surplus", *of_scheme, "--from", BOSS, "--to", "basic_fund", *bank, "--payee", BOSS),
        ],
        "funds list": [("funds", "list"), ("funds", "list", "--region", BOSS)],
        "funds budget": [
            ("funds", "budget", *budget, "--fund", "basic_fund", "--order", BOSS),
            ("funds", "budget", *budget, "--fund", BOSS, "--order", "B1"),
        ],
        "funds budgets": [("funds", "budgets"), ("funds", "budgets", "--region", BOSS)],
        "funds warning": [("funds", "warning"), ("funds", "warning", "--fund", BOSS)],
        "funds rebuild": [("funds", "rebuild")],
        "window": [
            ("window", *paper_bill(folder), "--hospital", f"H{BOSS}"),
            ("window", *paper_bill(folder), "--hospital", "HX", "--hospital-name", BOSS, "--tier", "2"),
        ],
        **{f"funds {step}": [("funds", step, BOSS, *options)] for step, options in moved.items()},
    }


def access_calls() -> dict[str, list[tuple[object, ...]]]:
    """The same for who may do what."""
    return {
        "access log": [("access", "log"), ("access", "log", "--login", BOSS), ("access", "log", "--since", BOSS)],
        "access list": [("access", "list")],
        **{f"access {kind}": [("access", kind, BOSS)] for kind in ("hospital", "bureau", "payer")},
        "access office": [("access", "office", BOSS, BOSS)],
        "access database": [("access", "database", "--login", BOSS, "--role", "investigator")],
    }


def supervision_calls(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The same for leads and the texts of their parameters; one that is adopted says odd things of itself."""
    county = folder / "supervision.yaml"
    head = "name: county\ntitle: {0}\ntitle_en: x\ndocument: {0}\nregions: []\nin_force_from: 2019-01-01\nversion: 1\n"
    county.write_text(head.format("\\x1b[32mboss".join('""')), encoding="utf-8")
    broken = folder / "broken.yaml"
    broken.write_text(f"name: {BOSS}\n", encoding="utf-8")
    who = ("--actor", "wang", "--reason", BOSS)
    return {
        "leads": [("leads",), ("leads", "--rule", BOSS), ("leads", "--person", BOSS, "--out", folder / "leads.csv")],
        "leads show": [("leads", "show", BOSS)],
        "leads trial": [("leads", "trial", county), ("leads", "trial", broken), ("leads", "trial", f"no{BOSS}")],
        "leads dismiss": [("leads", "dismiss", BOSS, *who)],
        "supervision adopt": [
            ("supervision", "adopt", county, "--approver", "li", "--actor", "wang", "--reason", "试"),
            ("supervision", "adopt", broken, "--approver", BOSS, *who),
        ],
        "supervision show": [("supervision", "show"), ("supervision", "show", "--file", broken)],
        "supervision history": [("supervision", "history")],
    }


def office_calls(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The same for all that offices note."""
    return {
        **fund_calls(folder),
        **supervision_calls(folder),
        **case_calls(REGION, BOSS),
        **register_calls(folder),
    }


def register_calls(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """The same for the registers of the office."""
    listed = folder / "contracts.csv"
    listed.write_text(f"参保人编号,签约日期,医生\nP1,2019-03-01,{BOSS}\nP{BOSS},x,y\n", encoding="utf-8")
    who, other, day = ("--actor", "wang"), ("--actor", "li"), ("--on", "2019-03-01")
    of_region, of_month = ("--region", REGION), ("--month", "2019-06")
    asked = ("--amount", "9", *day, *who, "--need")
    return {
        **{f"registers {each.name}": [("registers", each.name)] for each in REGISTERS},
        "registers cards": [("registers", "cards"), ("registers", "cards", "--region", BOSS)],
        "registers enter": [
            ("registers", "enter", "contracts", "--person", "P1", *day, *who, "--doctor", BOSS),
            ("registers", "enter", "ten-diseases", "--person", "P1", *day, *who, "--disease", BOSS),
        ],
        "registers import": [("registers", "import", "contracts", listed, *who)],
        "registers end": [("registers", "end", BOSS, *day, *who, "--reason", BOSS)],
        "registers withdraw": [("registers", "withdraw", "220621-R9", *who, "--reason", BOSS)],
        "registers rebuild": [("registers", "rebuild")],
        "advances apply": [
            ("advances", "apply", "P1", *of_region, *asked, BOSS),
            ("advances", "apply", BOSS, *of_region, *asked, "x", "--township", BOSS),
        ],
        "advances approve": [("advances", "approve", BOSS, *of_region, *other)],
        "advances decline": [("advances", "decline", "L7", *of_region, *other, "--reason", BOSS)],
        "advances file": [("advances", "file", "L7", *of_region, *who, "--on", BOSS)],
        "roster duty": [("roster", "duty", *of_month), ("roster", "duty", "--month", BOSS)],
        "roster receipt": [
            ("roster", "receipt", "H1", *of_region, *of_month, *day, *who, "--receipt", BOSS),
            ("roster", "receipt", BOSS, *of_region, *of_month, *day, *who, "--receipt", "x"),
        ],
    }


async def soil(database: str) -> None:
    """Text that no event can bring today stands in the tables, as an older version may have let it in."""
    engine = connect(database)
    async with engine.begin() as connection:
        for statement in (
            "UPDATE projections.refusals SET detail = detail || :boss",
            "UPDATE projections.hospitals SET name = name || :boss",
        ):
            await connection.execute(text(statement), {"boss": BOSS})
    await engine.dispose()


async def walked(run: Clerk, typed: dict[str, list[tuple[object, ...]]], name: str, *, json: bool) -> str:
    """What a command says in all; what in it steers is told."""
    said = ""
    for call in typed[name]:
        ended = await run(*call, *(["--json"] if json else []))
        told = ended.out.decode() + ended.err
        odd = [each for each in told if each != "\n" and unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp")]
        assert odd == [], f"{call}: {odd[:9]} in {told[:2000]!r}"
        assert "Traceback" not in told, f"{call}: {told}"
        said += told
    return said


@pytest.mark.timeout(600)
async def test_no_command_lets_text_from_outside_steer(database: str, nats_url: str, server_folder: Path) -> None:
    month = f"{months_from_now()[0]:%Y-%m}"
    typed = calls(server_folder, month)
    known = commands()
    assert sorted(typed) == sorted(set(known) - set(WITHOUT))
    said: dict[str, str] = {}
    keys = {f"CLAIMS_{each}_KEY": str(server_folder / f"{each}.key") for each in ("PAYEES", "PERSONS", "GATEWAY")}
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL=nats_url, **keys) as run:
        said["settle"] = await walked(run, typed, "settle", json=False)
        await soil(database)
        for name in typed:
            if name != "settle":
                takes_json = any("--json" in each.opts for each in known[name].params)
                if takes_json and not name.startswith(("clearing draft", "clearing approve", "clearing pay")):
                    await walked(run, typed, name, json=True)
                said[name] = await walked(run, typed, name, json=False)
    # shown as such, and not left out
    shown = ("replay", "fines", "refusals", "report hospital", "schemes check", "account", "reconcile", "settle")
    for name in (*shown, "gateway hospitals list"):
        assert r"\x1b[32mboss" in said[name], f"{name}: {said[name]}"
    assert SHOWN in said["fines"]
