"""A gateway over three counties, one a run, and programs of hospitals that speak to it."""

from collections.abc import AsyncIterator

import pytest

from infra.servers import Endpoints
from tests.conftest import cloned
from tests.gateway.national.county import JIAMUSI, LIAONING, GatewayCounty, gateway_county
from tests.gateway.national.his import His
from tests.gateway.national.ledger import GatewayLedger
from tests.program import folder_for_servers


@pytest.fixture(scope="session")
async def county(endpoints: Endpoints, template_database: str) -> AsyncIterator[GatewayCounty]:
    with folder_for_servers() as folder:
        async with cloned(endpoints, template_database) as url, gateway_county(url, folder) as running:
            yield running


@pytest.fixture
def his(county: GatewayCounty) -> His:
    """The program of H1, with a person of 抚松: stays and chronic visits."""
    return county.his()


@pytest.fixture
def other_his(county: GatewayCounty) -> His:
    """The program of H2, which has codes of its own."""
    return county.his("H2")


@pytest.fixture
def city_his(county: GatewayCounty) -> His:
    """The program of H1, with a person of 佳木斯: visits of every kind."""
    return county.his(region=JIAMUSI)


@pytest.fixture
def province_his(county: GatewayCounty) -> His:
    """The program of H1, with a person of 辽宁: purchases."""
    return county.his(region=LIAONING)


@pytest.fixture
def ledger(county: GatewayCounty) -> GatewayLedger:
    """The ledger behind the gateway."""
    return county.ledger
