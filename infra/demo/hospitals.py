"""Where the county's people are treated: 16 townships, three county hospitals, two outside, and two apart."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from infra.demo.schedule import BUREAU, REGION, YEAR, EventSchedule, office_hours

TOWNSHIPS = 16
CLOSED_ON = date(YEAR, 7, 1)


@dataclass(frozen=True, slots=True)
class DemoHospital:
    """One hospital; its name says that it is made up, so that no bill is laid at a real one's door."""

    hospital_id: str
    name: str
    tier: int
    region: str
    until: date | None = None

    @property
    def source(self) -> str:
        """The source of its events."""
        return f"hospital/{self.hospital_id}"


@dataclass(frozen=True, slots=True)
class Hospitals:
    """``closed`` lost its contract on 1 July; ``pharmacy`` may bill, but the county has no rule for pharmacies."""

    townships: list[DemoHospital]
    county: list[DemoHospital]
    outside: list[DemoHospital]
    closed: DemoHospital
    pharmacy: DemoHospital

    def of_tier(self, rng: Random, tier: int) -> DemoHospital:
        """A hospital at which people of the county are treated at a tier."""
        if tier == 3:
            return rng.choice(self.outside)
        return rng.choice(self.townships if tier == 0 else [one for one in self.county if one.tier == tier])


def open_hospitals(rng: Random, schedule: EventSchedule) -> Hospitals:
    """Register every hospital, before anything else is sent."""
    found = Hospitals(
        townships=[
            DemoHospital(f"H{REGION}{number:02d}", f"乡镇卫生院{number:02d}（模拟）", 0, REGION)
            for number in range(1, TOWNSHIPS + 1)
        ],
        county=[
            DemoHospital(f"H{REGION}51", "县级综合医院（模拟）", 2, REGION),
            DemoHospital(f"H{REGION}52", "县级中医院（模拟）", 2, REGION),
            DemoHospital(f"H{REGION}53", "县级妇幼保健院（模拟）", 1, REGION),
        ],
        outside=[
            DemoHospital("H36090201", "市级三级医院（模拟）", 3, "360902"),
            DemoHospital("H36010301", "省级三级医院（模拟）", 3, "360103"),
        ],
        closed=DemoHospital(f"H{REGION}61", "民营医院（模拟）", 1, REGION, until=CLOSED_ON),
        pharmacy=DemoHospital(f"H{REGION}71", "定点药店（模拟）", 0, REGION),
    )
    day = date(YEAR - 1, 12, 1)
    for hospital in [*found.townships, *found.county, *found.outside, found.closed, found.pharmacy]:
        data = {
            "hospital_id": hospital.hospital_id,
            "name": hospital.name,
            "tier": hospital.tier,
            "region": hospital.region,
            "designated_from": date(YEAR - 1, 1, 1).isoformat(),
        }
        if hospital.until is not None:
            data["designated_until"] = hospital.until.isoformat()
        schedule.add(office_hours(rng, day) - timedelta(days=1), BUREAU, "hospital.registered.v1", data)
    return found
