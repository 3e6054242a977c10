"""``claims whatif`` as it is typed: what it prints, what it refuses, and that it writes nothing."""

import stat
import uuid
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.access.logins import Login, create_login, drop_login
from infra.postgres.engine import database_url_of
from processors.proof.seals import seal
from tests import facts
from tests.clerk import Clerk, clerk
from tests.integration.test_access_database import as_login
from tests.ledger import Books
from tests.simulation_county import LINE, RATIO, reform_file, two_persons

NOTHING = {"paid": {"basic": "0.00"}, "patient_share": "0.00", "hospital_share": "0.00", "grants": "0.00"}


@pytest.fixture
async def shanggao(books: Books) -> AsyncEngine:
    """Two persons' stays: a poor one's, in 2019 twice and in 2020, and another's."""
    await books.publish(two_persons())
    return books.engine


@pytest.fixture
async def typed(shanggao: AsyncEngine) -> AsyncIterator[Clerk]:
    async with clerk(CLAIMS_DATABASE_URL=database_url_of(shanggao)) as commands:
        yield commands


async def test_the_identity_changes_nothing(typed: Clerk, tmp_path: Path) -> None:
    done = await typed("whatif", reform_file(tmp_path, "同", "shanggao"), "--json")
    assert done.code == 0, done.err
    (told,) = done.rows
    assert list(told) == ["identity", "ledger", "baseline", "reform", "difference", "persons", "claims", "seconds"]
    assert told["reform"] == told["baseline"]
    assert {**told["difference"], "paid": {"basic": told["difference"]["paid"]["basic"]}} == NOTHING
    assert set(told["difference"]["paid"].values()) == {"0.00"}
    assert told["persons"] == {"all": 2, "gain": 0, "lose": 0, "same": 2}
    assert told["claims"] == {"all": 4, "changed": 0}
    # (20,600 - 600) x 60% = 12,000 three times, (10,600 - 600) x 60% = 6,000
    assert told["baseline"]["paid"]["basic"] == "42000.00"


async def test_what_a_lower_line_costs_is_worked_by_hand(typed: Clerk, tmp_path: Path) -> None:
    done = await typed("whatif", reform_file(tmp_path, "线", "shanggao", LINE), "--json")
    (told,) = done.rows
    # P1 in 2019: 8,600 + 4,600 = 13,200 left in scope; over 7,500: 5,700 x 50%, over 3,000: 10,200 x 50%.
    # In 2020: 8,600; 1,100 x 50% and 5,600 x 50%. So 4,500 x 50% more in each year.
    assert told["difference"]["paid"]["critical_illness"] == "4500.00"
    assert told["claims"] == {"all": 4, "changed": 2}
    # what the layers behind brought P1 up to 90% with is less by as much
    assert told["persons"] == {"all": 2, "gain": 0, "lose": 0, "same": 2}
    assert told["reform"]["paid"]["basic"] == told["baseline"]["paid"]["basic"]


async def test_days_and_region_say_which_claims_it_is_about(typed: Clerk, tmp_path: Path) -> None:
    file = reform_file(tmp_path, "线", "shanggao", LINE)

    async def more(*options: str) -> str:
        done = await typed("whatif", file, *options, "--json")
        assert done.code == 0, done.err
        paid: str = done.rows[0]["difference"]["paid"]["critical_illness"]
        return paid

    assert await more("--since", "2020-01-01") == "2250.00"
    assert await more("--until", "2020-01-01") == "2250.00"
    assert await more("--region", "360900") == "4500.00"
    elsewhere = await typed("whatif", file, "--region", "360923", "--since", "2021-01-01", "--json")
    assert elsewhere.rows[0]["claims"] == {"all": 4, "changed": 0}
    nobody = await typed("whatif", file, "--region", "220621", "--json")
    assert (nobody.rows[0]["persons"]["all"], nobody.rows[0]["baseline"]["paid"]) == (0, {})


async def test_groups_add_up_to_the_whole(typed: Clerk, tmp_path: Path) -> None:
    file = reform_file(tmp_path, "线", "shanggao", LINE)
    kinds = ("year", "category", "hospital", "tier", "disease", "age", "township", "decile")
    told = (await typed("whatif", file, "--by", ",".join(kinds), "--workers", 2, "--json")).rows[0]
    assert tuple(told["by"]) == kinds
    paid = {side: sum(map(Decimal, told[side]["paid"].values())) for side in ("baseline", "difference")}
    for groups in told["by"].values():
        for side, whole in paid.items():
            assert sum(Decimal(each[side]["paid"]) for each in groups) == whole
            shares = sum(Decimal(each[side]["patient_share"]) for each in groups)
            assert shares == Decimal(told[side]["patient_share"])
        assert sum(each["claims"]["all"] for each in groups) == told["claims"]["all"]
        assert sum(each["claims"]["changed"] for each in groups) == told["claims"]["changed"]
    keys = {
        kind: [each["key"] for each in told["by"][kind]]
        for kind in ("year", "category", "tier", "age", "township", "decile")
    }
    assert keys == {
        "year": ["2019", "2020"],
        "category": ["none", "registered_poor"],
        "tier": ["3"],
        "age": ["unknown"],
        "township": ["360923101", "360923102", "unknown"],
        # P1 bears less than P2, and is the end of the lower half
        "decile": ["01", "06"],
    }
    persons = {kind: [each["persons"] for each in groups] for kind, groups in told["by"].items()}
    assert persons["year"] == [{"all": 2, "changed": 1}, {"all": 1, "changed": 1}]
    assert persons["decile"] == [{"all": 1, "changed": 1}, {"all": 1, "changed": 0}]
    for_people = await typed("whatif", file, "--by", "year")
    assert "按年度 by year" in for_people.out.decode()
    assert (await typed("whatif", file, "--by", "month")).code == 2


async def test_what_persons_and_households_bear_is_told_with_who_is_moved_most(typed: Clerk, tmp_path: Path) -> None:
    file = reform_file(tmp_path, "比例", "shanggao", RATIO)
    told = (await typed("whatif", file, "--persons", "--household-line", "8000", "--workers", 2, "--json")).rows[0]
    # P2: 20,600 - 12,000 of basic leaves 8,600; (20,600 - 600) x 70% = 14,000 leaves 6,600. P1 bears 10% either way.
    assert told["burdens"] == {
        "persons": 2,
        "baseline": {"mean": "6890.00", "p50": "5180.00", "p90": "8600.00", "p99": "8600.00", "largest": "8600.00"},
        "reform": {"mean": "5890.00", "p50": "5180.00", "p90": "6600.00", "p99": "6600.00", "largest": "6600.00"},
        "within": {name: {"gain": 1, "lose": 0, "same": 1} for name in ("1 yuan", "1%")},
    }
    assert told["moved"]["lose"] == []
    (most,) = told["moved"]["gain"]
    assert (most["person_id"], most["difference"]) == ("P2", "-2000.00")
    (moved,) = most["claims"]
    steps = {
        side: [step["expression"] for step in moved[side]["layers"][0]["steps"] if step.get("label") == "wish"]
        for side in ("baseline", "reform")
    }
    assert steps == {"baseline": ["20000.00 × 60%"], "reform": ["20000.00 × 70%"]}
    assert told["households"] == {
        "line": "8000.00",
        "years": [
            {"year": 2019, "households": 2, "baseline": 1, "reform": 0},
            {"year": 2020, "households": 1, "baseline": 0, "reform": 0},
        ],
    }
    for_people = (await typed("whatif", file, "--persons", "--household-line", "8000")).out.decode()
    for said in ("个人负担的分布", "受益最多 who gain most", "-2000.00", "年负担超过 8000.00 元的户"):
        assert said in for_people


async def test_a_folder_holds_page_tables_and_a_result_that_can_be_had_again(typed: Clerk, tmp_path: Path) -> None:
    files = [reform_file(tmp_path, "线<b>", "shanggao", LINE), reform_file(tmp_path, "比例", "shanggao", RATIO)]
    first, second = tmp_path / "first", tmp_path / "second"
    options = ("--by", "year,township,decile", "--household-line", "8000", "--since", "2019-09-01")
    done = await typed("whatif", *files, *options, "--out", first, "--json")
    assert done.code == 0, done.err
    again = await typed("whatif", first / "result.json", "--out", second, "--workers", 2, "--json")
    assert again.code == 0, again.err
    assert {**again.rows[0], "seconds": 0} == {**done.rows[0], "seconds": 0}
    written = sorted(path.name for path in first.iterdir())
    tables = ("amounts", "burdens", "groups", "households", "moved", "traces")
    assert written == sorted([*(f"{name}.parquet" for name in tables), "result.json", "whatif.html", "whatif.xlsx"])
    for name in written:
        assert stat.S_IMODE((first / name).stat().st_mode) == 0o600
        if name != "whatif.xlsx":
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
    amounts = {row["item"]: row for row in pq.read_table(first / "amounts.parquet").to_pylist()}
    assert str(amounts["个人负担"]["difference"]) == done.rows[0]["difference"]["patient_share"]
    book = load_workbook(first / "whatif.xlsx")
    assert book.sheetnames[0] == "测算"
    page = (first / "whatif.html").read_text()
    for said in ("静态测算", "线&lt;b&gt;", "20000.00 × 70%", done.rows[0]["identity"], "按乡镇", "since 2019-09-01"):
        assert said in page
    changed = Decimal(done.rows[0]["difference"]["paid"]["basic"])
    assert f"基本医保多付 {changed:,} 元" in page  # its answer
    assert "<td>7500.00</td><td>3000.00</td>" in page.replace(' class="free"', "")  # and what is changed
    assert "乡镇不详" in page
    assert "://" not in page  # it needs nothing beside it
    refused = await typed("whatif", first / "result.json", "--by", "year")
    assert refused.code == 2
    assert "结果文件自带选项" in refused.err


async def test_a_result_had_again_of_a_ledger_that_went_on_says_so(
    typed: Clerk, tmp_path: Path, shanggao: AsyncEngine
) -> None:
    await typed("whatif", reform_file(tmp_path, "线", "shanggao", LINE), "--out", tmp_path / "out")
    await seal(shanggao)
    again = await typed("whatif", tmp_path / "out" / "result.json")
    assert again.code == 0
    assert "标识不同" in again.err


async def test_what_is_for_publication_is_of_eleven_persons_at_least(
    typed: Clerk, tmp_path: Path, books: Books
) -> None:
    file = reform_file(tmp_path, "比例", "shanggao", RATIO)
    options = ("--persons", "--by", "category", "--publish", "--json")
    refused = await typed("whatif", file, *options)
    assert (refused.code, refused.out) == (2, b"")
    assert "只有 2 人，不能公布" in refused.err
    people = [f"P{number}" for number in range(3, 13)]
    await books.publish([facts.enrol(person, 2019, "360923") for person in people])
    stays = [
        facts.stay(number, person, "2019-09-10", in_scope="20600") for number, person in enumerate(people, start=5)
    ]
    await books.publish([event for stay in stays for event in stay])
    told = (await typed("whatif", file, *options)).rows[0]
    # Eleven gain 2,000 each. Of P1 alone other layers pay less by the 5,000 that basic pays more: with what basic pays
    # beside what patients bear these would be known.
    paid = told["difference"]["paid"]
    assert (paid["basic"], paid["critical_illness"], told["difference"]["patient_share"]) == (None, None, "-22000.00")
    assert told["persons"] == {"all": 12, "gain": None, "lose": 0, "same": None}
    assert [each["baseline"]["paid"] for each in told["by"]["category"]] == [None, None]
    assert "moved" not in told
    assert told["burdens"]["reform"]["largest"] is None
    out = tmp_path / "out"
    assert "—" in (await typed("whatif", file, *options[:-1], "--out", out)).out.decode()
    page = (out / "whatif.html").read_text()
    assert "P1" not in page
    assert "少于 11 人的不显示" in page
    assert stat.S_IMODE((out / "whatif.html").stat().st_mode) == 0o644


async def test_several_reforms_are_told_alone_stacked_and_together(typed: Clerk, tmp_path: Path) -> None:
    files = [reform_file(tmp_path, "线", "shanggao", LINE), reform_file(tmp_path, "比例", "shanggao", RATIO)]
    both = (await typed("whatif", *files, "--json")).rows[0]
    single = [(await typed("whatif", file, "--json")).rows[0] for file in files]
    whole = (await typed("whatif", reform_file(tmp_path, "都", "shanggao", LINE, RATIO), "--json")).rows[0]
    keys = ("difference", "persons", "claims")
    assert [each["name"] for each in both["reforms"]] == ["线", "比例"]
    assert [each["alone"] for each in both["reforms"]] == [{key: each[key] for key in keys} for each in single]
    assert both["reforms"][0]["stacked"] == both["reforms"][0]["alone"]
    assert both["reforms"][1]["stacked"] == {key: both[key] for key in keys}
    assert {key: both[key] for key in keys} == {key: whole[key] for key in keys}


async def test_the_identity_of_a_result_is_that_of_all_it_depends_on(
    typed: Clerk, tmp_path: Path, shanggao: AsyncEngine
) -> None:
    file = reform_file(tmp_path, "线", "shanggao", LINE)

    async def of(*arguments: object) -> tuple[str, Mapping[str, Any]]:
        told = (await typed("whatif", *arguments, "--json")).rows[0]
        return told.pop("identity"), {**told, "seconds": None}

    first = await of(file)
    assert await of(file) == first
    assert await of(file, "--workers", 2) == first
    others = [await of(reform_file(tmp_path, "同", "shanggao")), await of(file, "--since", "2020-01-01")]
    others.append(await of(reform_file(tmp_path, "另", "shanggao", {**LINE, "value": "3001"})))
    await seal(shanggao)
    others.append(await of(file))
    assert len({first[0], *(identity for identity, _ in others)}) == 5
    assert others[-1][1]["ledger"]["position"] == first[1]["ledger"]["position"] + 1
    assert others[-1][1]["difference"] == first[1]["difference"]


async def test_without_its_baseline_nothing_is_told(typed: Clerk, tmp_path: Path, shanggao: AsyncEngine) -> None:
    tampered = "UPDATE projections.statements SET patient_share = patient_share + 1 WHERE claim_id = 'C2'"
    async with shanggao.begin() as connection:
        await connection.execute(text(tampered))
    done = await typed("whatif", reform_file(tmp_path, "线", "shanggao", LINE), "--json")
    assert (done.code, done.out) == (1, b"")
    assert "参保人 person P1，claim C2" in done.err
    assert "1 名" in done.err
    # who has no claim under the reform's scheme is not its business
    assert (await typed("whatif", reform_file(tmp_path, "他", "fusong"), "--json")).code == 0


async def test_a_person_in_flight_is_counted_and_not_held_against_the_books(
    typed: Clerk, tmp_path: Path, shanggao: AsyncEngine, books: Books
) -> None:
    books.enqueue([facts.correct("C2", in_scope="5600", id_="late")])
    await books.step(("intake", 0), 10)  # the run is open, and no layer has taken it
    done = await typed("whatif", reform_file(tmp_path, "线", "shanggao", LINE), "--json")
    assert done.code == 0, done.err
    assert "persons in flight: 1" in done.err
    # settled with what is known by now: (5,600 - 600) x 60% instead of 6,000
    assert done.rows[0]["baseline"]["paid"]["basic"] == "39000.00"


async def test_an_investigator_simulates(shanggao: AsyncEngine, tmp_path: Path) -> None:
    """Who may write nothing: then nothing is written."""
    login = Login(f"login_{uuid.uuid4().hex[:12]}", "investigator")
    password = await create_login(shanggao, login)
    try:
        async with clerk(CLAIMS_DATABASE_URL=as_login(database_url_of(shanggao), login.name, password)) as commands:
            for workers in (1, 2):
                file = reform_file(tmp_path, "线", "shanggao", LINE)
                done = await commands("whatif", file, "--workers", workers, "--json")
                assert done.code == 0, done.err
    finally:
        await drop_login(shanggao, login.name)


async def test_facts_are_kept_for_the_ledgers_moment_and_readable_by_their_owner_alone(
    typed: Clerk, tmp_path: Path, shanggao: AsyncEngine
) -> None:
    file = reform_file(tmp_path, "线", "shanggao", LINE)
    kept = tmp_path / "simulation"

    async def again() -> Mapping[str, Any]:
        done = await typed("whatif", file, "--data-dir", tmp_path, "--json")
        assert done.code == 0, done.err
        return {**done.rows[0], "seconds": None}

    first = await again()
    (moment,) = kept.iterdir()
    (shard,) = moment.glob("*.arrow")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (kept, moment, shard)] == [0o700, 0o700, 0o600]
    written = shard.stat().st_mtime_ns
    assert await again() == first
    assert shard.stat().st_mtime_ns == written
    await seal(shanggao)
    later = await again()
    assert later["difference"] == first["difference"]
    (newer,) = kept.iterdir()
    assert newer.name != moment.name


async def test_facts_that_were_proven_for_some_claims_are_not_for_others(
    typed: Clerk, tmp_path: Path, shanggao: AsyncEngine
) -> None:
    tampered = "UPDATE projections.statements SET patient_share = patient_share + 1 WHERE claim_id = 'C2'"
    async with shanggao.begin() as connection:
        await connection.execute(text(tampered))

    async def code(scheme: str, *options: str) -> int:
        file = reform_file(tmp_path, scheme, scheme)
        return int((await typed("whatif", file, "--data-dir", tmp_path, "--json", *options)).code)

    assert await code("fusong") == 0  # the facts of everybody are kept from now on
    assert await code("shanggao", "--region", "220621") == 0
    assert await code("shanggao") == 1
    assert await code("fusong") == 0
    assert await code("shanggao") == 1


async def test_a_kept_result_is_taken_under_its_own_identity_alone(
    typed: Clerk, tmp_path: Path, shanggao: AsyncEngine
) -> None:
    line, ratio = reform_file(tmp_path, "线", "shanggao", LINE), reform_file(tmp_path, "比例", "shanggao", RATIO)

    async def of(*arguments: object) -> tuple[Mapping[str, Any], bool]:
        done = await typed("whatif", *arguments, "--data-dir", tmp_path, "--json")
        assert done.code == 0, done.err
        return {**done.rows[0], "seconds": None}, "未重算" in done.err

    first, _ = await of(line)
    assert await of(line) == (first, True)
    other, reused = await of(ratio)
    assert (other["difference"] == first["difference"], reused) == (False, False)
    assert (await of(line, "--since", "2020-01-01"))[1] is False
    (moment,) = (tmp_path / "simulation").iterdir()
    kept = moment / f"result-{first['identity']}.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    kept.write_bytes((moment / f"result-{other['identity']}.json").read_bytes())  # another's result under its name
    assert await of(line) == (first, False)
    async with shanggao.begin() as connection:
        await connection.execute(text("UPDATE projections.statements SET patient_share = patient_share + 1"))
    for file in moment.iterdir():
        file.unlink()
    done = await typed("whatif", line, "--data-dir", tmp_path, "--json")
    assert done.code == 1
    assert not list(moment.glob("result-*"))  # books that differ are no baseline for anybody


async def test_what_cannot_be_used_is_said(typed: Clerk, tmp_path: Path) -> None:
    line = reform_file(tmp_path, "线", "shanggao", LINE)
    for arguments, said in (
        ((reform_file(tmp_path, "无", "atlantis"),), "账本中没有政策“atlantis”，有：anyi、changzhi"),
        ((reform_file(tmp_path, "错", "shanggao", {**LINE, "name": "lime"}),), "政策中没有 name“lime”，有：line"),
        ((tmp_path / "none.yaml",), "none.yaml"),
        ((line, "--since", "2020-01-01", "--until", "2020-01-01"), "--until 应在 --since 之后"),
        ((line, "--region", "36"), "应为六位数字"),
        (("check",), "请给出改革文件"),
    ):
        done = await typed("whatif", *arguments)
        assert done.code == 2, (arguments, done.out)
        assert said in done.err


async def test_check_tells_the_difference_in_words(typed: Clerk, tmp_path: Path) -> None:
    dated = {**LINE, "from": "2020-01-01"}
    (told,) = (await typed("whatif", "check", reform_file(tmp_path, "线", "shanggao", dated), "--json")).rows
    (of_text,) = told["texts"]
    assert (told["name"], of_text["scheme"]) == ("线", "shanggao")
    assert of_text["differences"] == [
        {key: dated[key] for key in ("where", "name", "for", "from")}
        | {"until": None, "was": "7500.00", "now": "3000.00", "reason": "线"}
    ]
    for_people = await typed("whatif", "check", reform_file(tmp_path, "线", "shanggao", dated))
    assert "起付标准 line" in for_people.out.decode()
    same = await typed("whatif", "check", reform_file(tmp_path, "同", "shanggao"))
    assert "没有改动" in same.err
