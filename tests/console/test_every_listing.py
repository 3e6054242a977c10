"""Every listing of the console, found by its links: sums are those of the exports, and numbers open their rows."""

import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import orjson
import pytest

from infra.console.listing import Listing, ListingPage
from infra.console.listing_columns import ListColumn, ListFilter, Row
from infra.console.pages import day_text
from infra.files.key_file import PAYEES, key_file_of, write_keys
from infra.files.sheet import number
from processors.clearing.uncleared_bookings import uncleared_rows
from processors.offices.keys import new_key
from projections.enrolments import enrolments
from projections.hospitals import hospitals
from tests.console.harness import OWNER, ConsoleUnderTest, SignedIn
from tests.console.test_second_person import ADVANCE, BASIS, BUDGET, MOVEMENT, PREPAYMENT, REGION, TRANSFER, one_of

ALIKE = 1
"""Of pages that differ by ids and values alone so many are opened."""
ROWS = 3
"""Of each listing's page the numbers of so many rows are followed."""
FOLLOWED = 5
"""Of each column so many figures."""
EXACT, HALF_A_FEN = Decimal("0.0001"), Decimal("0.005")
LISTINGS, FILTERS, KINDS = 40, 180, 30
"""At least so many listings with rows, filters of them and columns of figures that open something are walked."""
DERIVED = frozenset(
    {
        # of the year and the one before
        ("hospitals", "growth"),
        ("hospitals", "average_stay_growth"),
        ("years", "growth"),
        ("years", "average_stay_growth"),
        # what lay outside the catalogue stands on each claim's own page, not in the list of them
        ("hospitals", "out_of_catalog_share"),
        ("years", "out_of_catalog_share"),
        ("hospital", "out_of_catalog_share"),
        ("hospital", "self_funded"),
        ("diseases", "out_of_catalog_share"),
        # persons, of whom several claims are listed
        ("annual", "persons"),
        ("attainment", "persons"),
        ("attainment", "met"),
        ("townships", "persons"),
        ("townships", "asked"),
        ("townships", "under"),
        # who has missed it, of all
        ("attainment", "share"),
        # households, of which this county has none
        ("townships", "enrolled"),
        # of all lines of an account: in, out, and what was there before
        ("warnings", "balance"),
        ("warnings", "spending"),
        ("warnings", "income"),
        # a claim may have changed more than once
        ("changes-sums", "claims"),
    }
)
"""What is worked out of what it opens and of more: its rows stand behind it, and their sum is another figure."""
_HREF = re.compile(r'\bhref="(/[^"#]*)')
_NO_PAGES = re.compile(r"^/(session|static)|/(template|form|format|file|text|texts)\b|[?&.]format=|[?&.](sort|page)=")


Opened = tuple[httpx.Response, list[ListingPage]]
"""A page, and the listings on it."""


class Walk:
    """A session, and which listings each page that it opens has read.

    ``met`` keeps what was opened: both tests read the same books, in which nothing changes.
    """

    def __init__(self, session: SignedIn, shown: list[ListingPage], met: dict[str, Opened]) -> None:
        self.session = session
        self._shown = shown
        self._met = met

    async def open(self, path: str, query: Mapping[str, str]) -> Opened:
        """A page with the listings on it."""
        address = f"{path}?{urlencode(sorted(query.items()))}"
        if address not in self._met:
            self._shown.clear()
            answer = await self.session.client.get(path, params=dict(query) or None)
            self._met[address] = answer, [*self._shown]
        return self._met[address]

    async def follow(self, href: str) -> Opened:
        """What a link opens."""
        parts = urlsplit(href)
        return await self.open(parts.path, dict(parse_qsl(parts.query)))

    async def pages(self) -> AsyncIterator[Opened]:
        """All pages that links lead to from the first one."""
        waiting, met, alike = deque(["/"]), {"/"}, Counter[str]()
        while waiting:
            href = waiting.popleft()
            names = sorted(name for name, _ in parse_qsl(urlsplit(href).query))
            kind = f"{re.sub(r'[^/]*[0-9][^/]*', '#', urlsplit(href).path)}?{','.join(names)}"
            if alike[kind] == ALIKE:
                continue
            alike[kind] += 1
            answer, listed = await self.follow(href)
            assert answer.status_code == 200, (href, answer.status_code, answer.text)
            yield answer, listed
            for found in map(unescape, _HREF.findall(answer.text)):
                if found not in met and not _NO_PAGES.search(found):
                    met.add(found)
                    waiting.append(found)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[ListingPage]:
    """What listings have read, the last at the end."""
    read, kept = Listing.read, list[ListingPage]()

    async def reading(self: Listing, *given: Any) -> ListingPage:
        kept.append(page := await read(self, *given))
        return page

    monkeypatch.setattr(Listing, "read", reading)
    return kept


@pytest.fixture(scope="module")
async def busy_console(console: ConsoleUnderTest) -> ConsoleUnderTest:
    """The county, with something of each office."""
    write_keys(key_file_of(console.running.state.settings, PAYEES), PAYEES, [new_key()])
    first, second = await console.signed_in("ledger_writer"), await console.signed_in("second_writer")
    hospital, person = await one_of(console, hospitals.c.hospital_id), await one_of(console, enrolments.c.person_id)
    ids = {"hospital_id": hospital, "person_id": person}
    for path, fields, approval in (
        ("/finance/movements/receive", MOVEMENT, {}),
        ("/finance/budgets", BUDGET, {}),
        ("/finance/prepayments", PREPAYMENT, TRANSFER),
        ("/finance/advances", ADVANCE, {}),
    ):
        entered = await first.post(path, ids | dict(fields))
        assert (await second.post(f"{entered.url.path}/approve", approval)).status_code == 200
    [told] = [row for row in await uncleared_rows(console.running.state.engine) if row["region"] == REGION]
    drafted = await first.post("/clearing/draft", {"region": REGION, "month": str(told["since"])[:7]})
    assert drafted.status_code == 200, drafted.text
    opening = {"region": REGION, "origin": "report", "kind": "hospital", "document": "立1号", "reason": "举报"}
    opened = await first.post("/cases", opening | {"subject": hospital, "officers": "chen zhou"})
    finding = {"what": "串换", "clause": BASIS, "amount": "500", "began": "2019-02-01", "ended": "2019-02-28"}
    assert (await first.post(f"{opened.url.path}/finding", finding)).status_code == 200
    return console


@pytest.fixture(scope="module")
def met() -> dict[str, Opened]:
    """What either test has opened, by address."""
    return {}


@pytest.fixture
async def walk(busy_console: ConsoleUnderTest, shown: list[ListingPage], met: dict[str, Opened]) -> Walk:
    """The owner's."""
    return Walk(await busy_console.signed_in(OWNER), shown, met)


def amount(column: ListColumn, value: Any) -> Decimal:
    """A figure of a listing; money in yuan."""
    return Decimal(str(number(value) or 0)) / (100 if column.kind == "fen" else 1)


def sums_of(listed: list[ListingPage]) -> set[Decimal]:
    """What the rows that a page lists come to: how many they are, and the sums of their columns."""
    return numbers_of(listed) | {
        amount(column, page.sum_of(column))
        for page in listed
        for column in page.listing.columns
        if column.name in page.found.sums
    }


def numbers_of(listed: list[ListingPage]) -> set[Decimal]:
    """How many rows there are."""
    return {Decimal(page.found.number) for page in listed if page.found.number}


async def exported(walk: Walk, page: ListingPage) -> list[dict[str, Any]]:
    """All rows of a listing as its export has them."""
    parameters = {name: value for name, value in page.parameters.items() if name != page.listing.parameter("page")}
    answer, _ = await walk.open(page.path, parameters | {page.listing.parameter("format"): "json"})
    assert answer.status_code == 200, (page.path, answer.text)
    rows: list[dict[str, Any]] = orjson.loads(answer.content)["rows"]
    return rows


def own_values(narrow: ListFilter, rows: tuple[Row, ...]) -> Iterator[str]:
    """What a filter is asked for so that it leaves a row."""
    for row in rows:
        held = row.get(narrow.narrows)
        held = held[0] if isinstance(held, list | tuple) and held else held
        if held is None or held == "" or isinstance(held, list | tuple):
            continue
        match narrow.kind:
            case "choice":
                if narrow.choices is None or str(held) in narrow.choices:
                    yield str(held)
            case "year":
                yield day_text(held)[:4] if not isinstance(held, int) else str(held)
            case "month":
                yield held if isinstance(held, str) and re.fullmatch(r"\d{4}-\d\d", held) else day_text(held)[:7]
            case "from" | "until":
                yield day_text(held)
            case "least":
                pass
            case _:
                yield str(held)


async def test_sums_are_those_of_the_exports_under_each_filter(walk: Walk) -> None:
    with_rows, narrowed = set[str](), set[tuple[str, str]]()
    async for answer, listed in walk.pages():
        for page in listed:
            name = page.listing.name
            if not page.found.rows or (name in with_rows and not page.criteria.texts):
                continue
            with_rows.add(name)
            await equals_export(walk, answer.text, page)
            for narrow in page.listing.filters:
                place = (name, narrow.name)
                asked = next(own_values(narrow, tuple(page.found.rows)), None)
                if asked is None or place in narrowed:
                    continue
                narrowed.add(place)
                query = {**page.parameters, page.listing.filter_parameter(narrow): asked}
                there, filtered = await walk.open(page.path, query)
                assert there.status_code == 200, (page.path, query, there.text)
                [again] = [each for each in filtered if each.listing.name == name]
                assert again.found.rows, f"{page.path}: {name} by {narrow.name}={asked} leaves not even its own row"
                await equals_export(walk, there.text, again)
    assert len(with_rows) >= LISTINGS, sorted(with_rows)
    assert len(narrowed) >= FILTERS, sorted(narrowed)


async def equals_export(walk: Walk, text: str, page: ListingPage) -> None:
    """The sums that a page shows are those of the rows that are exported, which are as many as it says."""
    listing = page.listing
    rows = await exported(walk, page)
    where = f"{page.path}?{page.parameters} {listing.name}"
    assert f"{listing.parameter('format')}=json" in text, where
    assert len(rows) == page.found.number, where
    part = text[text.index(f'id="listing-{listing.name}"') :].partition("</section>")[0]
    for column in listing.columns:
        total = page.sum_of(column)
        if total is None:
            continue
        came_to = sum((Decimal(str(row[column.name] or 0)) for row in rows), Decimal())
        assert came_to == amount(column, total), (where, column.name)
        assert f">{column.shown(total)}<" in part.partition("<tfoot>")[2], (where, column.name)


async def test_what_a_number_opens_adds_up_to_it(walk: Walk) -> None:
    followed, wrong = Counter[tuple[str, str]](), dict[tuple[str, str], str]()
    async for _, listed in walk.pages():
        for page in listed:
            for column in filter(lambda each: each.figures, page.listing.columns):
                place = (page.listing.name, column.name)
                numbers = [(row[column.name], page.link(column, row)) for row in page.found.rows[:ROWS]]
                for value, href in (*numbers, (page.sum_of(column), page.total_link(column))):
                    if value is None or not href or followed[place] == FOLLOWED:
                        continue
                    followed[place] += 1
                    answer, rows = await walk.follow(href)
                    assert answer.status_code == 200, (page.path, href)
                    if not holds(column, value, answer.text, rows):
                        sums = sorted(sums_of(rows))
                        wrong[place] = f"{page.path} {place}: {column.shown(value)} opens {href}, which has {sums}"
    assert len(followed) >= KINDS, sorted(followed)
    unlike = [told for place, told in wrong.items() if place not in DERIVED]
    assert not unlike, "\n".join(unlike)


def holds(column: ListColumn, value: Any, text: str, rows: list[ListingPage]) -> bool:
    """Whether what a figure opens comes to it: its rows, a column of these, an average, a share; or a page tells it."""
    sums = sums_of(rows)
    if not rows:
        return column.shown(value) in text
    if column.kind == "share":
        return any(of and abs(Decimal(value) - part / of) <= EXACT for part in sums for of in sums)
    told = amount(column, value)
    return told in sums or any(abs(each / many - told) <= HALF_A_FEN for each in sums for many in numbers_of(rows))
