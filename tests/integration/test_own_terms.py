"""A county whose law has a disease, a category and a layer that nobody else has writes them into its file: no code."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from policies.loader import load_text
from processors.law.adoption import adopt_schemes
from processors.proof.rebuild import rebuild
from processors.proof.verify import verify
from tests import facts
from tests.integration.test_seventh_scheme import Program
from tests.ledger import Books
from tests.program import background, eventually, up_is_ready, write_lines

WUYI = """\
name: wuyi
title: 武义县
title_en: Wuyi County, Zhejiang
document: 武医保〔2022〕3号
regions: ["330723"]
valid: {from: 2022-01-01}

vocabulary:
  diseases:
    kashin_beck: {name: 大骨节病, name_en: Kashin-Beck disease, icd10: [M12.1]}
  categories:
    landless: {name: 失地农民, name_en: landless farmer, synonyms: [失地户]}
  layers:
    mutual_aid: {name: 职工互助, name_en: mutual aid, fund: charity}
  insurers:
    mutual: {name: 互助会, name_en: mutual association}
category_order: [landless, dibao]

poor: {categories: [dibao, landless, near_poverty], grade: seed, cite: "二"}

settings:
  inpatient: [{grade: seed, cite: "三"}]
  chronic: [{grade: seed, cite: "三"}]

stages:
  - layer: basic
    cases:
      - rule: deductible_ratio_cap
        when: {setting: inpatient}
        track: inpatient
        deductible: [{value: 300, grade: seed, cite: "三(一)"}]
        ratio: [{value: 70%, grade: seed, cite: "三(二)"}]
        cap: [{value: 50000, grade: seed, cite: "三(三)"}]
      - rule: deductible_ratio_cap
        when: {setting: chronic}
        track: chronic
        ratio: [{value: 60%, grade: seed, cite: "三(四)"}]
        cap: [{value: 3000, grade: seed, cite: "三(四)"}]
  - layer: assistance
    cases:
      - rule: ratio_within_limit
        when: {setting: inpatient, poor: true}
        ratio:
          - {for: landless, value: 60%, grade: seed, cite: "四"}
          - {for: [dibao, near_poverty], value: 50%, grade: seed, cite: "四"}
        limit: [{value: 5000, grade: seed, cite: "四"}]
  - layer: mutual_aid
    cases:
      - rule: top_up
        when: {diseases: [kashin_beck], poor: true}
        to: [{value: 90%, grade: seed, cite: "五"}]
"""
LIST = "参保人编号,救助类别,生效日期\nP,低保、失地农民,2022-01-01\nQ,失地户,2022-02-01\n"
PEOPLE = [
    facts.hospital("HW", 2, "330723"),
    *(facts.enrol(person, 2022, "330723") for person in ("P", "Q")),
    facts.roster("P", "dibao", on="2022-01-01"),
    facts.roster("P", "landless", on="2022-01-01"),
]


def in_wuyi(event: dict[str, Any]) -> dict[str, Any]:
    """An event of a department or bureau as Wuyi's own states it; under its region a term of Wuyi is known."""
    kind, _, code = event["source"].partition("/")
    return event | {"source": f"{kind}/330723"} if code == "220621" else event


async def adopted(program: Program) -> None:
    file = program.folder / "wuyi.yaml"
    file.write_text(WUYI, encoding="utf-8")
    checked = await program.run("schemes", "check", file)
    assert (checked.code, checked.out) == (0, b""), checked.err
    done = await program.run("schemes", "adopt", file, "--actor", "王芳")
    assert done.code == 0, done.err


async def rows(program: Program, *arguments: object) -> list[dict[str, Any]]:
    done = await program.run(*arguments, "--json")
    assert done.code == 0, done.err
    return done.rows


async def test_terms_of_a_county_s_own_settle_and_are_shown(database: str, nats_url: str, server_folder: Path) -> None:
    program = Program(database, nats_url, server_folder)
    await adopted(program)
    events = [*PEOPLE, *facts.stay(1, "P", "2022-03-01", "3000", hospital_id="HW", disease="kashin_beck")]
    events += [facts.card("P", "kashin_beck"), facts.visit("V1", "P", "HW", "2022-04-01", disease="kashin_beck")]
    await program.settle(*map(in_wuyi, events))
    listed = server_folder / "list.csv"
    listed.write_text(LIST, encoding="utf-8")
    month = ("--period", "2022-06", "--received", "2022-06-09", "--effective-on", "2022-06-01")
    imported = await program.run(
        "roster", "import", listed, "--source", "civil-affairs/330723", *month, "--actor", "L1"
    )
    assert imported.code == 0, imported.err

    # P is landless before dibao here: (3,000 − 300) × 70% = 1,890; 1,110 × 60% = 666; 2,700 − 2,556 = 144 to 90%.
    # V1: 1,000 × 60% = 600; 900 − 600 = 300 to 90%.
    by_claim = {row["claim_id"]: row for row in await rows(program, "statements")}
    paid = {claim: {each["layer"]: each["paid"] for each in row["layers"]} for claim, row in by_claim.items()}
    assert paid == {
        "C1": {"basic": "1890.00", "assistance": "666.00", "mutual_aid": "144.00"},
        "V1": {"basic": "600.00", "mutual_aid": "300.00"},
    }
    assert by_claim["C1"]["categories"] == ["dibao", "landless"]
    assert "失地农民" in (await program.run("replay", "Q")).out.decode()

    for command in (("statements",), ("replay", "P"), ("report", "annual", "--year", "2022"), ("report", "monthly")):
        told = await program.run(*command)
        assert "职工互助" in told.out.decode(), command
    assert "失地农民" in (await program.run("replay", "P")).out.decode()
    annual = {row["setting"]: row for row in await rows(program, "report", "annual", "--year", "2022")}
    assert {setting: (row["mutual_aid"], row["paid"]) for setting, row in annual.items()} == {
        "inpatient": ("144.00", "2700.00"),
        "chronic": ("300.00", "900.00"),
    }
    await files_show_them(program)
    assert (await program.run("verify")).code == 0
    assert (await program.run("rebuild", "--dry-run")).code == 0


async def files_show_them(program: Program) -> None:
    page, book = program.folder / "P.html", program.folder / "annual.xlsx"
    assert (await program.run("file", "P", "--out", page)).code == 0
    shown = page.read_text(encoding="utf-8")
    assert all(name in shown for name in ("职工互助", "失地农民", "大骨节病", "--mutual_aid: #"))
    assert (await program.run("report", "annual", "--year", "2022", "--out", book)).code == 0
    headings = [str(cell.value) for row in load_workbook(book).worksheets[0].iter_rows(max_row=6) for cell in row]
    assert any("职工互助" in heading for heading in headings), headings
    offers = program.folder / "offers.html"
    assert (
        await program.run("schemes", "offers", "--region", "330723", "--on", "2022-05-01", "--out", offers)
    ).code == 0
    assert all(name in offers.read_text(encoding="utf-8") for name in ("职工互助", "大骨节病", "失地农民"))
    month = (await rows(program, "report", "monthly"))[0]["month"]
    drafted = await program.run("clearing", "draft", "--region", "330723", "--month", month, "--actor", "Z1")
    assert drafted.code == 0, drafted.err
    (clearing,) = await rows(program, "clearing", "list")
    told = await program.run("clearing", "show", clearing["clearing_id"])
    assert "职工互助" in told.out.decode()


async def test_a_term_is_known_where_its_scheme_holds(database: str, nats_url: str, server_folder: Path) -> None:
    program = Program(database, nats_url, server_folder)
    await adopted(program)
    elsewhere = [
        facts.enrol("F", 2022),
        facts.hospital(),
        facts.card("F", "kashin_beck"),
        facts.roster("F", "landless"),
    ]
    elsewhere += facts.stay(1, "F", "2022-03-01", disease="kashin_beck")
    done = await program.run("settle", write_lines(server_folder / "events.jsonl", elsewhere), "--json")
    assert (done.rows[0]["refused"], done.rows[0]["claims"]) == (3, 0), done.err
    refused = {row["event_id"]: row for row in await rows(program, "refusals")}
    assert sorted(row["reason"] for row in refused.values()) == ["no_policy", "unknown_category", "unknown_disease"]


async def test_a_worker_takes_a_layer_that_is_adopted_while_it_runs(
    database: str, nats_url: str, server_folder: Path
) -> None:
    program = Program(database, nats_url, server_folder)
    log = server_folder / "up.log"
    async with background("up", log=log, env=program.env):
        await up_is_ready(log)
        await adopted(program)
        events = [*PEOPLE, *facts.stay(1, "P", "2022-03-01", "3000", hospital_id="HW", disease="kashin_beck")]
        sent = await program.run("publish", write_lines(server_folder / "events.jsonl", map(in_wuyi, events)))
        assert sent.code == 0, sent.err
        found: list[dict[str, Any]] = []

        async def settled() -> bool:
            found[:] = await rows(program, "statements")
            return bool(found)

        await eventually(settled, lambda: log.read_text(encoding="utf-8"))
        assert {each["layer"]: each["paid"] for each in found[0]["layers"]}["mutual_aid"] == "144.00"
        lanes = [row["consumer"] for row in (await rows(program, "status"))[0]["consumers"]]
        assert "mutual_aid" in lanes
    only = await program.run("up", "--only", "mutual_air")
    assert only.code == 2
    assert "mutual_aid" in only.err


INSURED = """
funds:
  mutual_aid: {fund: supplementary, insurer: mutual, grade: seed, cite: "六"}
premiums:
  - {layer: mutual_aid, for: [dibao], payer: charity, value: 50, grade: seed, cite: "六"}
"""


@pytest.mark.parametrize(
    "anew",
    [
        facts.enrol_as("P", "employee_active", 2022, "330723", id_="anew"),  # under no scheme
        facts.enrol_as("P", "resident", 2022, "230803", id_="anew"),  # 佳木斯 knows no such layer
    ],
    ids=["employee", "moved"],
)
async def test_a_premium_of_an_own_layer_comes_back_from_the_fund_that_it_went_to(
    books: Books, anew: dict[str, Any]
) -> None:
    """Intake takes whatever enrollment comes behind it: the new one's scheme need not know the layer."""
    await adopt_schemes(books.engine, [load_text((WUYI + INSURED).encode(), "wuyi.yaml")], "王芳")
    listed = in_wuyi(facts.roster("P", "dibao", on="2022-01-01"))
    await books.publish([facts.enrol_as("P", "resident", 2022, "330723"), listed])
    await books.publish([anew])
    async with books.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT paid, data FROM ledger.entries WHERE layer = 'mutual_aid' ORDER BY number")
        )
        told = [(row.paid, orjson.loads(row.data)["to"]) for row in found]
    assert told == [(5_000, to := {"fund": "supplementary", "insurer": "mutual"}), (-5_000, to)]
    assert await books.refused() == []
    assert (await verify(books.engine)).problems == []
    assert (await rebuild(books.engine, dry_run=True)).found == 0
