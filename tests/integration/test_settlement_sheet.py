"""``claims sheet``: the settlement sheet of a claim for the window, as a page and on paper."""

import re
from pathlib import Path

import pytest

from infra.settlement_sheet.sheet import capitals
from tests import facts
from tests.browser import CHROMIUM, NO_CHROMIUM, looked_at
from tests.program import claims, write_lines

REGION = "230803"


@pytest.fixture(scope="module")
async def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which C1 stands and C2 was reversed."""
    folder = tmp_path_factory.mktemp("sheet")
    told = [
        facts.hospital("H1", 3, region=REGION),
        facts.enrol("P1", region=REGION),
        *facts.stay(1, "P1", "2019-04-10", in_scope="10700"),
        *facts.stay(2, "P1", "2019-05-10", in_scope="900"),
        facts.reverse("C2"),
    ]
    settled = await claims("settle", write_lines(folder / "facts.jsonl", told), "--data-dir", folder / "ledger")
    assert settled.code == 0, settled.err
    return folder / "ledger"


async def test_a_sheet_says_who_pays_what_in_figures_and_capitals(ledger: Path, tmp_path: Path) -> None:
    done = await claims("sheet", "C1", "--data-dir", ledger, "--out", tmp_path / "C1.html")
    assert done.code == 0, done.err
    page = (tmp_path / "C1.html").read_text(encoding="utf-8")
    # (10,700 - 700) x 65% = 6,500.00 of the basic fund, 4,200.00 left
    for said in ("10,700.00", "6,500.00", "4,200.00", "壹万零柒佰元整", "陆仟伍佰元整", "肆仟贰佰元整"):
        assert said in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=", page), "it needs nothing beside it"
    if CHROMIUM is not None:
        seen = await looked_at([("C1", page, 794), ("C1", page, 360)], tmp_path)
        assert [each["found"] for each in seen] == [[], []]


@pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
async def test_on_paper_it_is_one_page_a4(ledger: Path, tmp_path: Path) -> None:
    done = await claims("sheet", "C1", "--data-dir", ledger, "--out", tmp_path / "C1.pdf")
    assert done.code == 0, done.err
    printed = (tmp_path / "C1.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert re.findall(rb"/Count (\d+)", printed) == [b"1"]
    (width, height), *_ = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
    # A4 is 595 by 842 points
    assert (round(float(width)), round(float(height))) == (595, 842)


async def test_without_a_browser_the_page_is_offered_in_its_place(ledger: Path, tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    done = await claims("sheet", "C1", "--data-dir", ledger, "--out", tmp_path / "C1.pdf", env=env)
    assert (done.code, "html" in done.err) == (2, True)
    assert not (tmp_path / "C1.pdf").exists()


@pytest.mark.parametrize(("claim", "said"), [("C2", "已冲正"), ("C9", "没有结算单"), ("C 1", "编号")])
async def test_what_has_no_sheet_is_told(ledger: Path, tmp_path: Path, claim: str, said: str) -> None:
    done = await claims("sheet", claim, "--data-dir", ledger, "--out", tmp_path / "x.html")
    assert (done.code, said in done.err) == (2, True), done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize(
    ("fen", "said"),
    [(0, "零元整"), (5, "伍分"), (10_010_001, "壹拾万零壹佰元零壹分"), (-552_000, "负伍仟伍佰贰拾元整")],
)
def test_capitals(fen: int, said: str) -> None:
    assert capitals(fen) == said
