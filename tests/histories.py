"""Random histories under all schemes: what may happen to a few persons, in an order that sources could send."""

import random
from typing import Any

from events.codes import AUDIT_PARTS
from policies.vocabulary import CATEGORY_ORDER
from tests import facts, papers

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
        self.admissions: dict[str, list[str]] = {}
        self.hospitals = [f"H{tier}{place}" for tier in range(4) for place in ("near", "far")]
        self.events: list[dict[str, Any]] = [
            facts.hospital(f"H{tier}{place}", tier, "220621" if place == "near" else "230103")
            for tier in range(4)
            for place in ("near", "far")
        ]
        self.persons = {f"P{region}-{n}": region for region in REGIONS for n in range(2)}
        for person, region in self.persons.items():
            self.events += [facts.enrol(person, year, region) for year in REGIONS[region]]
            self.events += [facts.roster(person)] if self.random.random() < 0.6 else []
            self.events.append(facts.card(person, "diabetes", self.random.choice(["I", "II"])))
        self.named = random.Random(f"parts of {seed}")  # apart, so that a seed keeps the history that it had
        moments = [moment for number in range(stays) for moment in self.life_of_a_claim(number)]
        self.more = random.Random(f"more of {seed}")  # apart, so that a seed keeps the history that it had
        moments += [moment for person in self.persons for moment in self.changes_of_insurance(person, stays)]
        moments += [moment for number in range(stays) for moment in self.mistakes_of_a_hospital(number, moments)]
        self.new = random.Random(f"facts of {seed}")
        moments += [moment for person in self.persons for moment in self.facts_of_a_person(person, stays)]
        moments += [moment for number in range(stays) for moment in self.changes_of_a_stay(number, moments)]
        self.aid = random.Random(f"aid of {seed}")
        moments += [moment for number in range(stays) for moment in self.aid_on_a_claim(number)]
        self.paper = random.Random(f"paper of {seed}")
        moments += [moment for number in range(stays) for moment in self.bill_on_paper(number, moments)]
        self.winter = random.Random(f"winter of {seed}")
        moments += [moment for number in range(stays // 3) for moment in self.stay_over_new_year(number, stays)]
        self.review = random.Random(f"review of {seed}")
        moments += [review for at, event in moments for review in self.review_of_an_audit(at, event)]
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
        person, region = draw.choice([*self.persons.items(), *list(self.persons.items())[:2] * 3])
        hospital, day, claim = draw.choice(self.hospitals), self.day(region), f"C{number}"
        more: dict[str, Any] = {"bill": self.bill(), "prepaid": draw.random() < 0.2}
        disease = draw.choice(DISEASES)
        moments: list[tuple[float, dict[str, Any]]] = []
        if draw.random() < 0.75:
            own = self.admissions.setdefault(person, [])
            referred = (
                draw.choice(own) if own and draw.random() < 0.6 else f"A{number + 1}" if draw.random() < 0.1 else None
            )
            own.append(f"A{number}")
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
            later.append(facts.audit(claim, draw.choice(AMOUNTS), borne_by, f"F{number}", part=self.part()))
        if draw.random() < 0.6:
            category, change = draw.choice(CATEGORY_ORDER[:6]), draw.choice(["added", "added", "removed"])
            later.append(facts.roster(person, category, change, self.day(region)))
        if draw.random() < 0.1:
            later.append(facts.cancel(f"A{number}", hospital))
        return later

    def part(self) -> str | None:
        """The part of a bill that an audit names, or none."""
        return self.named.choice([None, None, *AUDIT_PARTS])

    def review_of_an_audit(self, at: float, event: dict[str, Any]) -> list[tuple[float, dict[str, Any]]]:
        """What an audit found is taken back, whole or in part, again and again; also more than stands of it."""
        if event["type"] != "audit.found.v1" or self.review.random() < 0.4:
            return []
        claim, finding = event["data"]["claim_id"], event["data"]["finding_id"]
        amounts = [
            self.review.choice([event["data"]["amount"], "60", "500.05"]) for _ in range(self.review.choice((1, 2)))
        ]
        return [
            (at + self.review.uniform(-1, 12), facts.withdraw_audit(claim, amount, finding, f"W{each}-{finding}"))
            for each, amount in enumerate(amounts)
        ]

    def changes_of_insurance(self, person: str, stays: int) -> list[tuple[float, dict[str, Any]]]:
        """The person's insurance of a year ends, begins anew, or begins in another county; what was paid is told."""
        draw, region = self.more, self.persons[person]
        moments: list[tuple[float, dict[str, Any]]] = []
        for number, year in enumerate(REGIONS[region]):
            at, ends = draw.uniform(0, stays), draw.random() < 0.35
            if ends:
                reason = draw.choice(["employee_insurance", "withdrawn", "moved_away", "other"])
                moments.append((at, facts.end_enrolment(person, self._some_day(year), region, reason)))
            if draw.random() < (0.7 if ends else 0.2):
                place = region if draw.random() < 0.6 else draw.choice(list(REGIONS))
                begins, paid = draw.choice([None, self._some_day(year)]), draw.choice([None, "0", "220", "280"])
                id_ = f"anew-{person}-{number}"
                moments.append((at + draw.uniform(-1, 12), facts.enrol(person, year, place, begins, paid, id_)))
        return moments

    def facts_of_a_person(self, person: str, stays: int) -> list[tuple[float, dict[str, Any]]]:
        """What the person is insured as is told, some again; a bureau files treatment elsewhere, takes it back."""
        draw, region = self.new, self.persons[person]
        moments: list[tuple[float, dict[str, Any]]] = []
        for number in range(draw.choice((0, 1, 2))):
            said: dict[str, Any] = {
                "birth_month": draw.choice([None, "1950-07", "2018-12"]),
                "household_id": draw.choice([None, "HH1", "HH2"]),
                "village": draw.choice([None, f"{region}101204"]),
                "contracted_doctor": draw.choice([None, True, False]),
                "years_insured": draw.choice([None, None, 4]),
                "self_paid": draw.choice([None, None, "280"]),
                "id_": f"as-{person}-{number}",
            }
            year, type_ = draw.choice(REGIONS[region]), draw.choice(["resident", "resident", "employee_retired"])
            moments.append((draw.uniform(0, stays), facts.enrol_as(person, type_, year, region, **said)))
        for number in range(draw.choice((0, 1, 2))):
            day = f"{draw.choice(REGIONS[region])}-{draw.randint(1, 12):02d}-01"
            said = {"to_region": draw.choice([None, "230100", "220621"]), "until": draw.choice([None, None, day])}
            filing = facts.file_referral("R1", person, day, region, id_=f"filing-{person}-{number}", **said)
            moments.append((draw.uniform(0, stays), filing))
        return moments

    def changes_of_a_stay(
        self, number: int, moments: list[tuple[float, dict[str, Any]]]
    ) -> list[tuple[float, dict[str, Any]]]:
        """What a hospital said of a stay changes: before the admission, before its discharge, or too late."""
        draw = self.new
        sent = [(at, each) for at, each in moments if each["id"] == f"admit-A{number}"]
        if not sent or draw.random() > 0.4:
            return []
        at, hospital = sent[0][0], sent[0][1]["source"].partition("/")[2]
        said = {
            "filed": draw.choice([None, False, False, True]),
            "emergency": draw.choice([None, True]),
            "stay_kind": draw.choice(["ordinary", "maternity"]),
        }
        change = facts.change_admission(f"A{number}", hospital, id_=f"changed-{number}", **said)
        return [(at + draw.uniform(-1, 2), change)]

    def aid_on_a_claim(self, number: int) -> list[tuple[float, dict[str, Any]]]:
        """What a charity decides of a claim, again and again, on others' claims too; and takes back."""
        draw, moments = self.aid, []
        for each in range(draw.choice((0, 0, 1, 2))):
            at, decision = number + draw.uniform(0, 25), f"D{number}-{each}"
            amount = draw.choice([*AMOUNTS[1:], "60"])
            moments.append((at, facts.aid(f"C{number}", amount, decision=decision, source="bureau/211200")))
            if draw.random() < 0.4:
                back = facts.withdraw_aid(f"C{number}", decision=decision, source="civil-affairs/211200")
                moments.append((at + draw.uniform(-1, 12), back))
        return moments

    def bill_on_paper(
        self, number: int, moments: list[tuple[float, dict[str, Any]]]
    ) -> list[tuple[float, dict[str, Any]]]:
        """A bureau claims a bill that its hospital claims too, or none but it; the invoice comes again; it mends it."""
        draw = self.paper
        if draw.random() > 0.4:
            return []
        claimed = [each for _, each in moments if each["id"] == f"discharge-C{number}"]
        person, hospital = draw.choice(list(self.persons)), draw.choice(self.hospitals)
        day = f"{draw.choice(REGIONS[self.persons[person]])}-{draw.randint(1, 12):02d}-09"
        said: dict[str, Any] = {"bill": self._drawn_bill(draw)}
        if claimed and draw.random() < 0.5:
            data = claimed[0]["data"]
            person, hospital, day = data["person_id"], claimed[0]["source"].partition("/")[2], data["discharged_on"]
            said["admitted_on"] = day
        elif draw.random() < 0.3:
            said["setting"] = "general"
        bureau = f"bureau/{self.persons[person] if draw.random() < 0.9 else draw.choice(list(REGIONS))}"
        said["source"] = bureau
        claim, invoice = f"W{number}", f"N{draw.randint(0, max(3, number // 2)):04d}"
        at = number + draw.uniform(-1, 8)
        sent = [(at, papers.paper(claim, invoice, person, hospital, day, **said))]
        if draw.random() < 0.3:
            bill = self._drawn_bill(draw)
            mended = facts.correct(claim, id_=f"mended-{number}", bill=bill, source=bureau)
            sent.append((at + draw.uniform(-0.5, 12), mended))
        if draw.random() < 0.3:
            sent.append((at + draw.uniform(0, 12), facts.reverse(claim, bureau)))
            anew = papers.paper(f"{claim}-anew", invoice, person, hospital, day, **said)
            sent.append((at + draw.uniform(0, 15), anew))
        if draw.random() < 0.2:
            found = facts.audit(claim, draw.choice(AMOUNTS), draw.choice(["hospital", "person"]), f"FW{number}")
            sent.append((at + draw.uniform(0, 12), found))
        return sent

    def stay_over_new_year(self, number: int, stays: int) -> list[tuple[float, dict[str, Any]]]:
        """A stay is billed on 31 December, where the text says so, and at its discharge, or at its discharge alone."""
        draw = self.winter
        person, region = draw.choice(list(self.persons.items()))
        year, hospital, admission = REGIONS[region][0], draw.choice(self.hospitals), f"N{number}"
        own = self.admissions.setdefault(person, [])
        referred = draw.choice(own) if own and draw.random() < 0.5 else None
        own.append(admission)
        at, left = draw.uniform(0, stays), f"{year + 1}-01-{draw.randint(1, 28):02d}"
        interim, claim = f"I{number}", f"L{number}"
        begun = f"{year}-{draw.choice((3, 12))}-20".replace("-3-", "-03-")
        told: dict[str, Any] = {"admission_id": admission, "person_id": person}
        billed = {**told, "claim_id": interim, "billed_on": f"{year}-12-31", "bill": self._drawn_bill(draw)}
        sent = [
            (at, facts.admit(admission, person, hospital, begun, referred_from=referred)),
            (at + 0.1, facts.admit(admission, person, hospital, begun, id_=f"again-{admission}")),
            (at + draw.uniform(0, 2), facts.event(f"hospital/{hospital}", interim, "interim.recorded.v1", **billed)),
            (at + draw.uniform(1, 4), facts.discharge(claim, admission, person, hospital, left, **self._mended(draw))),
        ]
        for each in (interim, claim):
            if draw.random() < 0.3:
                mended = facts.correct(each, hospital_id=hospital, id_=f"mended-{each}", **self._mended(draw))
                sent.append((at + draw.uniform(0, 15), mended))
            if draw.random() < 0.25:
                sent.append((at + draw.uniform(2, 15), facts.reverse(each, f"hospital/{hospital}")))
            if draw.random() < 0.2:
                borne_by = draw.choice(["hospital", "person"])
                sent.append((at + draw.uniform(1, 15), facts.audit(each, draw.choice(AMOUNTS), borne_by, f"F{each}")))
        if draw.random() < 0.3:
            anew = facts.discharge(f"{claim}-anew", admission, person, hospital, left, **self._mended(draw))
            sent.append((at + draw.uniform(6, 18), anew))
        return sent

    def _mended(self, draw: random.Random) -> dict[str, Any]:
        return {"bill": self._drawn_bill(draw)}

    def _drawn_bill(self, draw: random.Random) -> dict[str, str]:
        return facts.bill(
            draw.choice(AMOUNTS), upfront_copay=draw.choice(AMOUNTS[:4]), self_funded=draw.choice(AMOUNTS[:5])
        )

    def _some_day(self, year: int) -> str:
        return f"{year}-{self.more.randint(1, 12):02d}-{self.more.randint(1, 28):02d}"

    def mistakes_of_a_hospital(
        self, number: int, moments: list[tuple[float, dict[str, Any]]]
    ) -> list[tuple[float, dict[str, Any]]]:
        """A discharge comes first, is corrected, claimed again under its id, or its event's id is used again."""
        draw = self.more
        sent = [(at, each) for at, each in moments if each["id"] == f"discharge-C{number}"]
        if not sent or draw.random() > 0.2:
            return []
        at, discharge = sent[0]
        hospital, early = discharge["source"].partition("/")[2], number - 1.5
        other = {**discharge["data"], "bill": self._other_bill()}
        elsewhere = {**other, "admission_id": f"A{draw.randint(0, number)}"}
        return [
            (early, {**discharge, "id": f"early-{number}"}),
            (
                early + draw.uniform(0, 4),
                facts.correct(f"C{number}", hospital_id=hospital, id_=f"waits-{number}", bill=self._other_bill()),
            ),
            (early + draw.uniform(0, 4), {**discharge, "id": f"elsewhere-{number}", "data": elsewhere}),
            (at + draw.uniform(0, 9), {**discharge, "data": other}),
        ]

    def _other_bill(self) -> dict[str, str]:
        return facts.bill(self.more.choice(AMOUNTS), self_funded=self.more.choice(AMOUNTS[:5]))
