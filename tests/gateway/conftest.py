"""A gateway over a ledger of a few persons, one for all tests of a file."""

from collections.abc import AsyncIterator

import pytest

from infra.servers import Endpoints
from processors.visits.hospital_settings import HospitalSettings
from tests import facts
from tests.conftest import cloned
from tests.gateway.harness import GatewayUnderTest, running_gateway
from tests.gateway.plain_client import emptied, give_key
from tests.program import folder_for_servers

HOSPITALS = (HospitalSettings("H1"), HospitalSettings("H2"), HospitalSettings("H9", infcode_text=True))
"""H9 is not registered in the ledger."""
PERSONS = tuple(f"P{number}" for number in range(1, 11))
LEDGER = [
    facts.hospital("H1"),
    facts.hospital("H2", tier=1),
    *(facts.enrol(person) for person in PERSONS),
    facts.card("P1"),
]


@pytest.fixture(scope="module")
async def gateway(endpoints: Endpoints, template_database: str) -> AsyncIterator[GatewayUnderTest]:
    """A gateway that speaks for H1, H2 and H9, in a county where P1 to P9 are insured."""
    with folder_for_servers() as folder:
        async with (
            cloned(endpoints, template_database) as database,
            running_gateway(database, folder, HOSPITALS, LEDGER) as running,
        ):
            yield running


@pytest.fixture(scope="module")
async def keys(gateway: GatewayUnderTest) -> dict[str, str]:
    """A key of H1 and one of H2, which have read all that was there."""
    given = {hospital: await give_key(gateway, hospital, "hears") for hospital in ("H1", "H2")}
    for key in given.values():
        await emptied(gateway, key)
    return given
