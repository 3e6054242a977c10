"""A gateway over real HTTP, beside a worker, for persons of three counties."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from processors.visits.hospital_settings import HospitalSettings
from tests import facts
from tests.console.harness import ConsoleUnderTest, running_console
from tests.gateway.harness import PATH, GatewayUnderTest, running_gateway
from tests.gateway.national.his import His
from tests.gateway.national.ledger import GatewayLedger

FUSONG, JIAMUSI, LIAONING = "220621", "230881", "211202"
"""Regions whose schemes settle stays and chronic visits, all visits, and purchases."""
RECONCILING = ("H3", "H4", "H5", "H6", "H7", "H8")
"""Hospitals whose settlements of the day are one test's alone."""
PRICED = "220622"
"""The region of H9, of the same prefecture as 抚松: where a test takes a catalogue in."""
PERSONS = 150
_LETTERS = {FUSONG: "P", JIAMUSI: "Q", LIAONING: "R"}
HOSPITALS = (
    HospitalSettings("H1"),
    HospitalSettings(
        "H2",
        codes={
            "med_type": {"2101": "inpatient"},
            "disease": {"M00500": "lung_cancer"},
            "psn_idet_type_220621": {"M7": "dibao"},
        },
        infcode_text=True,
    ),
    *(HospitalSettings(each) for each in RECONCILING),
    HospitalSettings("H9"),
)


@dataclass
class GatewayCounty:
    """A gateway at work; each test takes persons whom no other has."""

    gateway: GatewayUnderTest
    persons: dict[str, Iterator[str]] = field(
        default_factory=lambda: {region: iter(_numbers(letter)) for region, letter in _LETTERS.items()}
    )

    @property
    def ledger(self) -> GatewayLedger:
        """The ledger behind the gateway."""
        return GatewayLedger(self.gateway.engine, self.gateway.publish)

    def his(self, code: str = "H1", region: str = FUSONG) -> His:
        """The program of a hospital, which treats a person of a region."""
        return His(self.post, next(self.persons[region]), code, insured_in=region)

    @asynccontextmanager
    async def console(self) -> AsyncIterator[ConsoleUnderTest]:
        """A console over the same ledger."""
        gateway = self.gateway
        async with running_console(gateway.worker.database_url, {}, gateway.folder / "ledger") as console:
            yield console

    async def fetch(self, envelope: Mapping[str, Any]) -> httpx.Response:
        """The answer to an envelope as HTTP has it."""
        return await self.gateway.client.post(f"{self.gateway.running.url}{PATH}", json=envelope)

    async def post(self, envelope: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an envelope, amounts as Decimals."""
        raw = json.dumps(envelope, ensure_ascii=False).encode()
        answer: dict[str, Any] = json.loads(await self.gateway.post(raw), parse_float=Decimal)
        return answer


@asynccontextmanager
async def gateway_county(database_url: str, folder: Path) -> AsyncIterator[GatewayCounty]:
    """The gateway at work within the block, over an empty ledger to which the counties' facts are told."""
    async with running_gateway(database_url, folder, HOSPITALS, _facts()) as running:
        yield GatewayCounty(running)


def _facts() -> Iterable[dict[str, Any]]:
    yield facts.hospital("H1")
    yield facts.hospital("H2", tier=2)
    for hospital_id in RECONCILING:
        yield facts.hospital(hospital_id)
    yield facts.hospital("H9", region=PRICED)
    for region, letter in _LETTERS.items():
        for person in _numbers(letter):
            yield facts.enrol(person, region=region)
    for person in _numbers(_LETTERS[FUSONG]):
        yield facts.card(person, "hypertension", "II")


def _numbers(letter: str) -> list[str]:
    return [f"{letter}{number:03d}" for number in range(1, PERSONS + 1)]
