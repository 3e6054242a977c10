"""A person's file in a browser: nothing on the console, nothing that overflows, overlaps or is cut off."""

from pathlib import Path
from typing import Any

import pytest

from infra.person_file.page import page
from processors.person.file import gather
from tests.browser import CHROMIUM, NO_CHROMIUM, looked_at
from tests.facts import enrol
from tests.ledger import Books
from tests.person_pages import EVENTFUL, many_claims


@pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
async def test_a_browser_shows_it_whole_and_has_nothing_to_say(books: Books, tmp_path: Path) -> None:
    await books.publish([*EVENTFUL, *(_of(event, "P2") for event in many_claims()), enrol("P0")])
    expected, pages = [], []
    for person, wide in (("P1", 1100), ("P1", 600), ("P2", 1100), ("P0", 1100)):
        written = page(await gather(books.engine, person))
        assert "抚松县 220621" in written  # where the person is enrolled
        pages.append((person, written, wide))
        bars = written.count("data-fen=")
        expected.append({"page": f"{person}-{wide}.html", "wide": wide, "found": [], "bars": bars})
    assert await looked_at(pages, tmp_path) == sorted(expected, key=str)


def _of(event: dict[str, Any], person: str) -> dict[str, Any]:
    """An event of P1 as another person's, with ids of its own."""
    data = {
        name: person if name == "person_id" else f"{value}-{person}" if name in ("claim_id", "admission_id") else value
        for name, value in event["data"].items()
    }
    return event | {"id": f"{event['id']}-{person}", "data": data}
