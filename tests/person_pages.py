"""Persons with much in their file, and a reader of the file's page."""

from html.parser import HTMLParser
from typing import Any

from infra.person_file.page import page
from processors.person.file import gather
from processors.person.file_model import PersonFile
from tests import facts
from tests.facts import audit, card, correct, enrol, hospital, reverse, roster, stay, visit
from tests.ledger import Books

SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"
LONG = "L" * 128
SCHEDULE = [hospital(), hospital("H2", 2), *(enrol(year=year) for year in (2018, 2019, 2020))]

EVENTFUL = [
    hospital() | {"data": hospital()["data"] | {"name": f"县医院 {SCRIPT}"}},
    hospital("H2", 2),
    enrol(year=2019, self_paid="180"),
    *stay(1, bill=facts.bill("18000", upfront_copay="800", over_limit="120.5", self_funded="2000")),
    *stay(2, on="2019-05-02", in_scope="9000.01", hospital_id="H2"),
    card(),
    visit("V1", on="2019-06-01", in_scope="1234.56", disease="diabetes"),
    *stay(3, on="2019-07-02", in_scope="250000", referred_from="A2"),
    roster(on="2019-05-01"),
    correct("C1", bill=facts.bill("16000", self_funded="2500"), reason=SCRIPT),
    audit("C2", "500", "hospital", "F1") | {"actor": "审核员 李"},
    audit("C2", "66.6", "person", LONG, "audit-long"),
    *stay(4, on="2019-08-20", in_scope="700"),
    reverse("C4", facts.BUREAU),
    visit(LONG, on="2019-09-01", in_scope="12345678901.23", disease="diabetes", id_="visit-long"),
]
"""Late roster, correction, two audits, a referral, a reversal; markup, and the longest ids, wherever a sender may
write them."""


def many_claims() -> list[Any]:
    """60 claims over three years, stays and visits in turn."""
    events: list[Any] = [*SCHEDULE, roster(), card()]
    for number in range(60):
        day = f"{2018 + number // 20}-{1 + number % 20 // 2:02d}-{10 + number % 2 * 9}"
        amount = f"{1000 + 977 * number}.{number:02d}"
        if number % 3:
            events += stay(number, on=day, in_scope=amount, hospital_id="H2" if number % 2 else "H1")
        else:
            events.append(visit(f"V{number}", on=day, in_scope=amount, disease="diabetes"))
    return events


class Articles(HTMLParser):
    """The text and the bars of each claim's article, and the text of all of the page."""

    def __init__(self, page_: str) -> None:
        super().__init__()
        self.article = ""
        self.texts: dict[str, str] = {"": ""}
        self.bars: dict[str, list[tuple[str, int]]] = {}
        self.tags: set[str] = set()
        self.feed(page_)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if tag == "article":
            self.article = str(given["id"]).removeprefix("claim-")
            self.texts[self.article], self.bars[self.article] = "", []
        if "data-fen" in given:
            self.bars[self.article].append((str(given["data-kind"]), int(str(given["data-fen"]))))

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self.article = ""

    def handle_data(self, data: str) -> None:
        self.texts[self.article] += data


async def file_and_page(books: Books, person: str = "P1") -> tuple[PersonFile, Articles]:
    """A person's file and its page, read again."""
    gathered = await gather(books.engine, person)
    return gathered, Articles(page(gathered))
