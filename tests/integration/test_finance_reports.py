"""Finance's reports as views, files and commands: indexes answer, columns are described, files hold what is printed."""

import asyncio
import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from rich.cells import cell_len
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from typer.testing import CliRunner

from events.county_time import county_day
from infra.cli import app
from infra.cli.report_output import caught_up
from infra.files.report_file import write_report
from processors.finance.catch_up import catch_up
from processors.finance.reports import (
    ANNUAL,
    HOSPITAL,
    MONTHLY,
    OVERSIGHT,
    TARGETS,
)
from tests import facts
from tests.finance import query, report_of
from tests.ledger import Books
from tests.program import claims, write_lines

FILLED = """
INSERT INTO projections.targets (scheme, target, since, value, grade, cite)
VALUES ('fusong', 'reimbursement', '2000-01-01', 0.90, 'seed', 'x'),
       ('fusong', 'assistance', '2000-01-01', 0.70, 'seed', 'x');
INSERT INTO projections.person_years (year, region, scheme, setting, poor, person_id, claims, total, audited, paid,
                                      assistance_base, assistance_in_scope, patient_share)
SELECT 2010 + n / 20000, (220600 + n % 40)::text, 'fusong', 'inpatient', true, 'P' || n, 1, 100000, 0,
       CASE WHEN n % 400 = 3 THEN 50000 ELSE 95000 END, 20000, CASE WHEN n % 400 = 5 THEN 100 ELSE 19000 END,
       CASE WHEN n % 400 = 3 THEN 50000 ELSE 5000 END
FROM generate_series(0, 199999) AS n;
INSERT INTO projections.disease_years (year, region, scheme, setting, disease, hospital_id, claims, total, self_funded,
                                       paid, assistance)
SELECT 2000 + n % 25, (100000 + n / 25 % 800)::text, 'fusong', 'inpatient', 'd' || n / 20000, 'H1', 1, 1, 0, 1, 1
FROM generate_series(1, 100000) AS n;
INSERT INTO projections.annual_sums (year, region, scheme, setting, poor, claims, persons, assisted, total, paid,
                                     patient_share, hospital_share)
SELECT year, region, scheme, setting, poor, count(*), count(*), count(*), sum(total), sum(paid), 1, 1
FROM projections.person_years GROUP BY year, region, scheme, setting, poor;
INSERT INTO projections.fund_flows (month, region, setting, layer, decided, adjusted, bookings)
SELECT 2000 + n % 25 || '-' || lpad((1 + n % 12)::text, 2, '0'), (100000 + n / 100)::text, 'inpatient', 'l' || n,
       1, 1, 1
FROM generate_series(1, 20000) AS n;
INSERT INTO projections.annual_sums (year, region, scheme, setting, poor, claims, persons, assisted, total, paid,
                                     patient_share, hospital_share)
SELECT 2000 + n % 25, (100000 + n / 25)::text, 'fusong', 'inpatient', true, 1, 1, 1, 1, 1, 1, 1
FROM generate_series(1, 20000) AS n;
INSERT INTO projections.annual_layers (year, region, scheme, setting, poor, layer, paid)
SELECT year, region, scheme, setting, poor, layer, 1
FROM projections.annual_sums CROSS JOIN unnest('{basic,critical_illness,assistance}'::text[]) AS layer;
INSERT INTO projections.hospital_years (year, hospital_id, claims, total, self_funded, stays, stays_total)
SELECT 2000 + n % 25, 'H' || n / 25, 1, 1, 1, 1, 1 FROM generate_series(1, 20000) AS n;
INSERT INTO projections.roster_gaps (year, person_id, region, categories)
SELECT 2010 + n % 10, 'P' || n, (220600 + n % 40)::text, '{dibao}' FROM generate_series(1, 20000) AS n;
ANALYZE projections.person_years, projections.fund_flows, projections.annual_sums, projections.annual_layers,
        projections.hospital_years, projections.roster_gaps, projections.disease_years
"""


ASKED = {
    "targets": ["year = 2013 AND region = '220603'", "target = 'reimbursement' AND year = 2013"],
    "fund_flows": ["month = '2003-04'"],
    "annual_report": ["year = 2019 AND region = '100010'"],
    "hospital_costs": ["year = 2019 AND hospital_id = 'H77'"],
    "attainment": ["year = 2013 AND region = '220603'"],
    "cost_growth": ["year = 2019 AND region = '100010'"],
    "disease_costs": ["year = 2019 AND region = '100010'"],
}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in nodes(part))]


async def test_indexes_answer_on_large_sums(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for statement in FILLED.split(";\n"):
            await connection.execute(text(statement))
    for view, condition in ((view, condition) for view, conditions in ASKED.items() for condition in conditions):
        async with engine.begin() as connection:
            # whether an index can answer, not what its cost is beside a scan: that hangs on the rows ANALYZE happens on
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            explain = f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM finance.{view} WHERE {condition}"
            explained = (await connection.execute(text(explain))).mappings().one()
        (plan,) = explained["QUERY PLAN"]
        scans = {node["Relation Name"] for node in nodes(plan["Plan"]) if node["Node Type"] == "Seq Scan"}
        assert scans <= {"hospitals", "roster_years", "targets"}, (view, condition, scans)
        assert plan["Plan"]["Actual Rows"] > 0


async def test_every_view_and_column_says_what_it_is(engine: AsyncEngine) -> None:
    undescribed = await query(
        engine,
        """SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum >= 0
           WHERE relnamespace = 'finance'::regnamespace AND col_description(pg_class.oid, attnum) IS NULL
        UNION ALL
           SELECT relname, NULL FROM pg_class
           WHERE relnamespace = 'finance'::regnamespace AND obj_description(pg_class.oid, 'pg_class') IS NULL""",
    )
    assert undescribed == []
    docs = Path(__file__).parents[2] / "docs"
    told = "".join((docs / page).read_text(encoding="utf-8") for page in ("finance.md", "registers-views.md"))
    columns = await query(
        engine,
        """SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'finance'
           AND table_name NOT IN ('statements', 'accumulations', 'oversight')""",
    )
    sections = {part.partition("`")[0]: part for part in told.split("## `finance.")}
    missing = [row for row in columns if f"`{row['column_name']}`" not in sections.get(row["table_name"], "")]
    assert missing == []


async def test_a_login_that_may_only_read_sees_the_last_sums(books: Books) -> None:
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1)])
    await catch_up(books.engine)
    await books.publish(facts.stay(2))
    reader = create_async_engine(books.engine.url, connect_args={"server_settings": {"role": "finance_reader"}})
    try:
        assert not await caught_up(reader, anew=False)
        (annual,) = await report_of(reader, ANNUAL)
        assert annual["claims"] == 1
        assert len(await report_of(reader, HOSPITAL)) == 1
        assert await report_of(reader, TARGETS) == []
        assert await report_of(reader, MONTHLY) != []
    finally:
        await reader.dispose()


async def test_files_hold_what_is_printed(books: Books, tmp_path: Path) -> None:
    named = facts.hospital("H1")
    named["data"]["name"] = "=HYPERLINK(1)"
    await books.publish([named, facts.enrol(), *facts.stay(1, bill=facts.bill("10000", self_funded="0.01"))])
    await books.publish([facts.roster("P9", "orphan"), facts.death(on="2019-01-01")])
    await catch_up(books.engine)
    for report in (HOSPITAL, TARGETS, OVERSIGHT):
        rows = await report_of(books.engine, report)
        for suffix in (".csv", ".parquet"):
            path = tmp_path / f"{report.name}{suffix}"
            write_report(path, report, rows, "2026-01-01 00:00:00")
            assert path.stat().st_mode & 0o777 == (0o640 if report is HOSPITAL else 0o600)  # others name persons
        parquet = pq.read_table(tmp_path / f"{report.name}.parquet")
        assert parquet.to_pylist() == rows
        assert parquet.schema.metadata[b"as_of"] == b"2026-01-01 00:00:00"
    with (tmp_path / "hospital.csv").open(encoding="utf-8-sig", newline="") as file:
        (printed,) = csv.DictReader(file)
    assert (printed["医疗费总额 total"], printed["名称 name"]) == ("10000.01", "'=HYPERLINK(1)")


async def test_workbooks_are_for_people(books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = facts.hospital("H1")
    named["data"]["name"] = "=HYPERLINK(1)\x1b"  # as a hospital's name it crashed the writer
    await books.publish([named, facts.enrol(), *facts.stay(1, bill=facts.bill("10000", self_funded="0.01"))])
    await books.publish([facts.roster("P9", "orphan"), facts.death(on="2019-01-01")])
    monkeypatch.setenv("CLAIMS_DATABASE_URL", books.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CLAIMS_NATS_URL", "nats://127.0.0.1:1")
    for name in ("hospital", "targets", "oversight", "annual"):
        ended = await asyncio.to_thread(
            CliRunner().invoke, app, ["report", name, "--out", str(tmp_path / f"{name}.xlsx")]
        )
        assert ended.exit_code == 0, ended.output
    sheet = load_workbook(tmp_path / "hospital.xlsx").worksheets[0]
    cells = {str(heading.value): cell for heading, cell in zip(sheet[3], sheet[4], strict=True)}
    assert (cells["名称"].value, cells["名称"].data_type) == ("=HYPERLINK(1)\\x1b", "s")
    assert (cells["医疗费总额"].value, cells["所在地"].value) == (10000.01, "抚松县 220621")
    targets = load_workbook(tmp_path / "targets.xlsx")
    assert targets.sheetnames == ["未达标人员", "医疗总费用增长", "达标情况"]
    gap = targets.worksheets[0]
    told = dict(zip((cell.value for cell in gap[3]), (cell.value for cell in gap[4]), strict=True))
    assert (told["目标"], told["参保人"], told["在册类别"]) == ("应保尽保", "P9", "孤儿")
    assert (tmp_path / "targets.xlsx").stat().st_mode & 0o777 == 0o600  # names persons
    assert (tmp_path / "hospital.xlsx").stat().st_mode & 0o777 == 0o640
    (lead,) = list(load_workbook(tmp_path / "oversight.xlsx").worksheets[0].iter_rows(4, 4, values_only=True))
    assert lead[0] == "死亡后"


async def test_the_annual_report_fits_a_screen(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    # amounts as a county of 450,000 has them: 38,522,463.49 billed by the poor's stays
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1, in_scope="38522463.49")])
    await books.publish([facts.enrol("P2"), facts.visit("V1", "P2"), facts.visit("V2", disease="diabetes")])
    monkeypatch.setenv("CLAIMS_DATABASE_URL", books.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CLAIMS_NATS_URL", "nats://127.0.0.1:1")
    ended = await asyncio.to_thread(CliRunner().invoke, app, ["report", "annual"])
    assert ended.exit_code == 0, ended.output
    assert "38,522,463.49" in ended.stdout
    assert "抚松县 220621 · 抚松县 fusong" in ended.stdout
    assert [line for line in ended.stdout.splitlines() if cell_len(line.rstrip()) > 100] == []


async def test_the_command(server_folder: Path, tmp_path: Path) -> None:
    data, out = server_folder / "ledger", tmp_path / "annual.xlsx"
    lines = write_lines(tmp_path / "e.jsonl", [facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1)])
    assert (await claims("settle", lines, "--data-dir", data)).code == 0
    done = await claims("report", "annual", "--year", "2019", "--json", "--out", out, "--data-dir", data)
    (row,) = done.rows
    assert (row["claims"], row["total"], row["paid_share"], row["poor"]) == (1, "10000.00", "0.9000", True)
    assert "as of" in done.err
    assert out.exists()


async def test_an_empty_report_says_what_there_is(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim of 2019 is booked in the month of today: asked for 2019 the monthly report has nothing."""
    await books.publish([facts.hospital(), facts.enrol(), facts.roster(), *facts.stay(1)])
    monkeypatch.setenv("CLAIMS_DATABASE_URL", books.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CLAIMS_NATS_URL", "nats://127.0.0.1:1")

    async def told(*arguments: str) -> str:
        ended = await asyncio.to_thread(CliRunner().invoke, app, ["report", *arguments])
        assert ended.exit_code == 0, ended.output
        return ended.stderr

    month = f"{county_day(datetime.now(UTC)):%Y-%m}"
    flows = await told("monthly", "--year", "2019")
    assert f"基金流向：有数据的入账月份 Fund flows has these months of booking: {month}\n" in flows
    assert f"入账月份 Fund flows has these months of booking: {month}\n" in await told("monthly", "--month", "2019-03")
    for name in ("annual", "hospital"):
        assert "有数据的待遇年度" in (hint := await told(name, "--year", "2018"))
        assert "these benefit years: 2019\n" in hint
    assert "达标情况：有数据的待遇年度" in await told("targets", "--year", "2018")
    assert "（上高县 360923）：任何待遇年度都没有数据" in await told("annual", "--region", "360923")
    assert "有数据" not in await told("annual", "--year", "2019")
    assert "有数据" not in await told("oversight")


@pytest.mark.parametrize(
    "asked",
    [("monthly", "--month", "2019-13"), ("annual", "--region", "3609"), ("annual", "--out", "annual.xls"), ("weekly",)],
)
def test_what_can_not_be_asked(asked: tuple[str, ...], tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["report", *asked, "--data-dir", str(tmp_path / "none")]).exit_code == 2
