"""A small county settled once a run, a console over a copy of it a file, and the system's Chromium."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from infra.demo import county
from infra.postgres.engine import connect
from infra.servers import Endpoints
from processors.finance.catch_up import catch_up
from processors.supervision.catch_up import catch_up_leads
from tests.browser import CHROMIUM, NO_CHROMIUM
from tests.conftest import cloned, database_url, execute
from tests.console.harness import ConsoleUnderTest, create_logins, running_console
from tests.ledger import Books
from tests.program import folder_for_servers

PERSONS, INPATIENT = 120, 70
COUNTY = "console_county"


@pytest.fixture(scope="session")
async def county_database(endpoints: Endpoints, template_database: str) -> str:
    """The name of a database with a small made-up county, to be copied."""
    await execute(endpoints, f"CREATE DATABASE {COUNTY} TEMPLATE {template_database}")
    engine = connect(database_url(endpoints, COUNTY))
    try:
        books = await Books.open(engine)
        await books.publish(county(persons=PERSONS, inpatient=INPATIENT))
        await catch_up(engine)
        await catch_up_leads(engine)
    finally:
        await engine.dispose()
    return COUNTY


@pytest.fixture(scope="session")
async def passwords(endpoints: Endpoints, template_database: str) -> Mapping[str, str]:
    """Passwords of the logins of ``NAMES``, by role."""
    return await create_logins(database_url(endpoints, template_database))


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A data directory beside which keys may be made."""
    with folder_for_servers() as folder:
        yield folder / "ledger"


@pytest.fixture(scope="module")
async def console(
    endpoints: Endpoints, county_database: str, passwords: Mapping[str, str], data_dir: Path
) -> AsyncIterator[ConsoleUnderTest]:
    """A console over this file's own copy of the county."""
    async with (
        cloned(endpoints, county_database) as url,
        running_console(url, passwords, data_dir) as running,
    ):
        yield running


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium; tests that need one are skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        await browser.close()
