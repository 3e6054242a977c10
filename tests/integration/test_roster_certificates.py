"""Lists with certificates in place of insured numbers: the register says whose they are, and they go no further."""

from datetime import date
from pathlib import Path

import asyncpg
import pytest
from openpyxl import load_workbook

from infra.files.roster_file import read_file
from infra.files.text_file import UnusableFile
from processors.rosters.certificates import certificates_of, numbered
from processors.rosters.lists import ListRow, read_list
from tests import facts
from tests.clerk import clerk
from tests.program import write_lines
from tests.rosters import JUNE

WOMAN, MAN, STRANGER = "99999919900101018X", "999999199001010016", "999999198506070036"
LIST = f"""姓名,身份证号,救助对象类别,生效日期
测甲,{WOMAN},低保对象,2019-06-01
测乙,{MAN.lower()},特困人员,
测丙,{STRANGER},低保对象,
测丁,{MAN[:-1]}0,低保对象,
测戊,,低保对象,
"""


def test_a_certificate_names_the_person_where_no_number_does() -> None:
    file = read_file(LIST.encode())
    assert [row.certificate_at for row in file.rows] == [1] * 5
    assert certificates_of(file.rows) == {WOMAN, MAN, STRANGER, f"{MAN[:-1]}0"}
    rows = numbered(file.rows, {WOMAN: ["P1"], MAN: ["P2", "P3"], STRANGER: []})
    read = read_list(rows, JUNE.last)
    assert read.listed == {("P1", "dibao"): date(2019, 6, 1)}
    refused = [(row.place, row.reason, row.person_id) for row in read.refused]
    assert refused == [
        ("第3行 row 3", "shared_certificate", None),
        ("第4行 row 4", "unknown_certificate", None),
        ("第5行 row 5", "bad_certificate", None),
        ("第6行 row 6", "bad_certificate", None),
    ]
    assert read.unreadable == 4  # so that nobody is removed for their sake
    told = repr((rows, read))
    assert not any(number in told for number in (WOMAN, MAN, STRANGER))
    assert rows[0].whole[1] == "****018X"


def test_a_column_of_numbers_goes_before_certificates() -> None:
    [row] = read_file(f"参保人编号,身份证号,救助对象类别\nP1,{WOMAN},低保对象\n".encode()).rows
    assert (row.person, row.certificate_at, row.birth) == ("P1", None, WOMAN)  # read for the year of birth, as before
    assert numbered([row], {}) == [row]


def test_a_list_without_either_and_one_with_two_columns_of_certificates_can_t_be_used() -> None:
    with pytest.raises(UnusableFile, match="“参保人编号”（或“身份证号”）"):
        read_file("姓名,救助对象类别\n测甲,低保对象\n".encode())
    with pytest.raises(UnusableFile, match="不止一列可能是 身份证号"):
        read_file(f"身份证号码,证件号码,救助对象类别\n{WOMAN},{WOMAN},低保对象\n".encode())


def test_a_birth_after_the_first_day_is_noticed_by_the_certificate() -> None:
    row = ListRow("row 2", WOMAN, "低保对象", "1989-01-01", birth=WOMAN, certificate_at=0)
    [refused] = read_list(numbered([row], {WOMAN: ["P1"]}), JUNE.last).refused
    assert (refused.reason, refused.person_id) == ("before_birth", "P1")


async def test_a_list_with_certificates_is_taken_by_its_numbers(database: str, nats_url: str, tmp_path: Path) -> None:
    persons = tmp_path / "persons.csv"
    persons.write_text(f"参保人编号,姓名,身份证号\nP1,测甲,{WOMAN}\nP2,测乙,{MAN}\n", encoding="utf-8")
    listed = tmp_path / "list.csv"
    listed.write_text(LIST, encoding="utf-8")
    events = write_lines(tmp_path / "events.jsonl", [facts.enrol("P1"), facts.enrol("P2")])
    of = ("--source", "civil-affairs/220621", "--period", "2019-06")
    key = str(tmp_path / "persons.key")
    async with clerk(CLAIMS_DATABASE_URL=database, CLAIMS_NATS_URL=nats_url, CLAIMS_PERSONS_KEY=key) as claims:
        assert (await claims("settle", events)).code == 0
        keyless = await claims("roster", "import", listed, *of, "--dry-run")
        assert keyless.code == 2
        assert "claims persons new-key" in keyless.err
        assert (await claims("persons", "new-key")).code == 0
        assert (await claims("persons", "import", persons, "--actor", "wang")).code == 0
        tried = await claims("roster", "import", listed, *of, "--dry-run", "--json")
        done = await claims("roster", "import", listed, *of, "--actor", "wang", "--json")
        said = [(row["person_id"], row["category"]) for row in done.rows if row["row"] == "added"]
        assert said == [("P1", "dibao"), ("P2", "destitute")], done.err
        assert [row for row in tried.rows if row["row"] == "added"] == [
            row for row in done.rows if row["row"] == "added"
        ]
        refused = [(row["place"], row["reason"]) for row in done.rows if row["row"] == "refused"]
        assert refused == [
            ("第4行 row 4", "unknown_certificate"),
            ("第5行 row 5", "bad_certificate"),
            ("第6行 row 6", "bad_certificate"),
        ]
        assert done.code == 1
        shown = await claims("roster", "import", listed, *of, "--actor", "wang")
    texts = [each.err + each.out.decode() for each in (tried, done, shown)]
    sheet = load_workbook(tmp_path / "list-未接收.xlsx").worksheets[0]
    texts.append(str([[cell.value for cell in row] for row in sheet.iter_rows()]))
    assert "****0036" in texts[-1]
    connection = await asyncpg.connect(database, ssl=False)
    try:
        tables = await connection.fetch(
            "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text"
            " IN ('ledger', 'projections', 'processors', 'payees', 'gateway', 'identities')"
        )
        for (name,) in tables:
            texts += [row[0] for row in await connection.fetch(f"SELECT kept::text FROM {name} AS kept")]
        texts += [row[0] for row in await connection.fetch("SELECT convert_from(data, 'UTF8') FROM ledger.entries")]
    finally:
        await connection.close()
    for number in (WOMAN, MAN, STRANGER, MAN[:-1]):
        assert not any(number in each or number.encode().hex() in each for each in texts), number
