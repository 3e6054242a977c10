"""Registers of free treatment as their clerk keeps them: a row each of tuberculosis and of the ten diseases."""

from pathlib import Path

from openpyxl import load_workbook

from tests import facts
from tests.clerk import clerk
from tests.ledger import Books


async def test_a_clerk_keeps_tuberculosis_and_the_ten_diseases(books: Books, tmp_path: Path) -> None:
    await books.publish([facts.hospital(), facts.enrol("P1"), facts.enrol("P2")])
    url = books.engine.url.render_as_string(hide_password=False)
    file = tmp_path / "十种大病.xlsx"
    enter = ("registers", "enter", "--actor", "wang")
    drugs = ("--on", "2019-03-01", "--due", "2019-06-01", "--hospital", "H1", "--finding", "免费药品")
    treated = ("--person", "P2", "--on", "2019-04-01", "--disease", "childhood_leukemia", "--document", "救治7号")
    async with clerk(CLAIMS_DATABASE_URL=url, CLAIMS_NATS_URL="nats://127.0.0.1:1") as claims:
        first = await claims(*enter, "tuberculosis", "--person", "P1", *drugs, "--json")
        again = await claims(*enter, "tuberculosis", "--person", "P1", *drugs)
        second = await claims(*enter, "ten-diseases", *treated, "--json")
        unnamed = await claims(*enter, "ten-diseases", "--person", "P2", "--on", "2019-04-02")
        waits = (await claims("registers", "tuberculosis", "--json")).rows
        (first_id,) = first.rows[0]["entry_ids"]
        finished = ("--on", "2019-09-01", "--reason", "疗程结束", "--actor", "li")
        ended = await claims("registers", "end", first_id, *finished)
        done = (await claims("registers", "tuberculosis", "--json")).rows
        ten = await claims("registers", "ten-diseases", "--json", "--out", file)
    assert (first.code, second.code, ended.code) == (0, 0, 0), (first.err, second.err, ended.err)
    assert "未重复" in again.out.decode()
    assert (unnamed.code, "须写明病种" in unnamed.err) == (2, True)
    said = ("person_id", "held_on", "due_on", "hospital_id", "finding", "state", "entered_by")
    assert [[row[name] for name in said] for row in waits] == [
        ["P1", "2019-03-01", "2019-06-01", "H1", "免费药品", "overdue", "wang"]
    ]
    assert [(row["state"], row["until"], row["reason"], row["ended_by"]) for row in done] == [
        ("ended", "2019-09-01", "疗程结束", "li")
    ]
    treatment = ("person_id", "held_on", "disease", "document", "state")
    assert [[row[name] for name in treatment] for row in ten.rows] == [
        ["P2", "2019-04-01", "childhood_leukemia", "救治7号", "standing"]
    ]
    cells = [cell.value for row in load_workbook(file).worksheets[0].iter_rows() for cell in row]
    assert {"P2", "救治7号"} <= set(cells)
