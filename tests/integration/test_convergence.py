"""Random histories under all schemes, taken in random cuts: the books hold, and equal those of any other cut."""

import random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from events.codes import CATEGORY_ORDER
from processors.verify import verify
from projections.statements import statements
from tests import facts
from tests.ledger import Books

REGIONS = {
    "220621": (2018, 2020),
    "140400": (2018, 2019),
    "360923": (2019, 2020),
    "360123": (2018, 2019),
    "211200": (2019, 2020),
    "230800": (2018, 2019),
}
DISEASES = ["lung_cancer", "thalassemia", "schistosomiasis", "diabetes", None]
AMOUNTS = ["0", "120.55", "900", "4000.01", "18000", "65000", "250000"]


class History:
    """Everything that may happen to a few persons of each region, in an order that sources could send."""

    def __init__(self, seed: int, stays: int) -> None:
        self.random = random.Random(seed)
        self.hospitals = [f"H{tier}{place}" for tier in range(4) for place in ("near", "far")]
        self.events: list[dict[str, Any]] = [
            facts.hospital(f"H{tier}{place}", tier, "220621" if place == "near" else "230103")
            for tier in range(4)
            for place in ("near", "far")
        ]
        self.persons = {f"P{region}-{n}": region for region in REGIONS for n in range(2)}
        for person, region in self.persons.items():
            self.events += [facts.enrol(person, year, region) for year in REGIONS[region]]
            self.events.append(facts.card(person, "diabetes", self.random.choice(["I", "II"])))
        moments = [moment for number in range(stays) for moment in self.life_of_a_claim(number)]
        self.events += [event for _, event in sorted(moments, key=lambda moment: moment[0])]

    def bill(self) -> dict[str, str]:
        draw = self.random.choice
        return facts.bill(
            draw(AMOUNTS), upfront_copay=draw(AMOUNTS[:4]), over_limit=draw(AMOUNTS[:3]), self_funded=draw(AMOUNTS[:5])
        )

    def day(self, region: str) -> str:
        year = self.random.choice(REGIONS[region])
        return f"{year}-{self.random.randint(1, 12):02d}-{self.random.randint(1, 28):02d}"

    def life_of_a_claim(self, number: int) -> list[tuple[float, dict[str, Any]]]:
        """One claim's events with the moment each is sent: a discharge may come before its admission."""
        draw, start = self.random, float(number)
        person, region = draw.choice(list(self.persons.items()))
        hospital, day, claim = draw.choice(self.hospitals), self.day(region), f"C{number}"
        more: dict[str, Any] = {"bill": self.bill(), "prepaid": draw.random() < 0.2}
        disease = draw.choice(DISEASES)
        moments: list[tuple[float, dict[str, Any]]] = []
        if draw.random() < 0.75:
            referred = f"A{draw.randrange(number)}" if number and draw.random() < 0.5 else None
            late = "late" if disease and draw.random() < 0.6 else None
            moments += [
                (start, facts.admit(f"A{number}", person, hospital, day, referred_from=referred)),
                # admitted all the same where that referral is refused
                (start + 0.1, facts.admit(f"A{number}", person, hospital, day, id_=f"again-{number}")),
                (
                    start + draw.uniform(-1, 2),
                    facts.discharge(claim, f"A{number}", person, hospital, day, disease=disease, stage=late, **more),
                ),
            ]
        else:
            setting = draw.choice(["chronic", "chronic", "general", "pharmacy"])
            disease = "diabetes" if setting == "chronic" else disease
            prescriber = draw.choice([None, *self.hospitals])
            moments.append(
                (
                    start,
                    facts.visit(
                        claim, person, hospital, day, setting, disease=disease, prescribed_by=prescriber, **more
                    ),
                )
            )
        moments += [
            (start + draw.uniform(-0.5, 25), event) for event in self.afterwards(number, person, region, hospital)
        ]
        return moments

    def afterwards(self, number: int, person: str, region: str, hospital: str) -> list[dict[str, Any]]:
        draw, claim = self.random, f"C{number}"
        later: list[dict[str, Any]] = []
        if draw.random() < 0.3:
            later.append(facts.correct(claim, hospital_id=hospital, id_=f"correct-{number}", bill=self.bill()))
        if draw.random() < 0.25:
            later.append(facts.reverse(claim, f"hospital/{hospital}"))
            later.append(
                facts.discharge(f"{claim}-anew", f"A{number}", person, hospital, self.day(region), bill=self.bill())
            )
        if draw.random() < 0.3:
            borne_by = draw.choice(["hospital", "person"])
            later.append(facts.audit(claim, draw.choice(AMOUNTS), borne_by, f"F{number}"))
        if draw.random() < 0.6:
            category, change = draw.choice(CATEGORY_ORDER[:6]), draw.choice(["added", "added", "removed"])
            later.append(facts.roster(person, category, change, self.day(region)))
        if draw.random() < 0.1:
            later.append(facts.cancel(f"A{number}", hospital))
        return later


async def outcome(engine: AsyncEngine) -> list[tuple[Any, ...]]:
    columns = [column for column in statements.columns if column.name not in ("answer_id", "answer_type", "revision")]
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(statements.c.claim_id))]


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_histories_converge_however_they_are_cut(
    engine: AsyncEngine, second_engine: AsyncEngine, seed: int
) -> None:
    history = History(seed, stays=30)
    cut = await Books.open(engine, partitions=2, seed=seed)
    for start in range(0, len(history.events), 40):
        await cut.publish(history.events[start : start + 40], batch=7)
    whole = await Books.open(second_engine)
    await whole.publish(history.events, batch=10_000)

    report = await verify(engine)
    assert report.problems == []
    assert report.skipped == 0
    assert report.claims > 15
    assert (await verify(second_engine)).problems == []
    assert await outcome(engine) == await outcome(second_engine)
    assert await cut.refused() == await whole.refused()
