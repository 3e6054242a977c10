"""A person's file in a browser: nothing on the console, nothing that overflows, overlaps or is cut off."""

import asyncio
import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.person_file.page import page
from processors.person.file import gather
from tests.facts import enrol
from tests.ledger import Books
from tests.person_pages import EVENTFUL, many_claims

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

LOOK = """<script>
const found = [];
const say = (what, element) => found.push(what + ': ' + element.tagName + '.' + (element.className.baseVal ??
  element.className) + ' ' + element.textContent.trim().slice(0, 60));
addEventListener('load', () => {
  const wide = document.documentElement.clientWidth;
  const scrolls = wide < 760 ? ', .wide, .wide *' : '';
  for (const element of document.querySelectorAll(`main, main *:not(svg *${scrolls})`)) {
    const box = element.getBoundingClientRect();
    if (box.right > wide + 1 || box.left < -1) say('off the page', element);
    if (element.clientWidth && element.scrollWidth > element.clientWidth + 1) say('overflows', element);
  }
  for (const svg of document.querySelectorAll('svg')) {
    const outer = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll(':scope > text')];
    const boxes = texts.map(text => text.getBoundingClientRect());
    boxes.forEach((box, index) => {
      if (box.right > outer.right + 1 || box.bottom > outer.bottom + 1) say('cut off', texts[index]);
      if (index && box.left < boxes[index - 1].right) say('overlaps', texts[index]);
      if (parseFloat(getComputedStyle(texts[index]).fontSize) < 11) say('tiny', texts[index]);
    });
  }
  const bars = document.querySelectorAll('.bar').length;
  parent.postMessage({page: location.pathname.split('/').pop(), wide, found, bars}, '*');
});
</script>"""
GATHER = """<!doctype html><pre id="found"></pre><script>
const seen = [];
addEventListener('message', told => {
  seen.push(told.data);
  document.querySelector('#found').textContent = JSON.stringify(seen);
});
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt-get install chromium")
async def test_a_browser_shows_it_whole_and_has_nothing_to_say(books: Books, tmp_path: Path) -> None:
    """One browser holds all pages as frames: each as it is written, and with a script that looks for what is amiss."""
    assert CHROMIUM is not None
    await books.publish([*EVENTFUL, *(_of(event, "P2") for event in many_claims()), enrol("P0")])
    expected, frames = [], [GATHER]
    for person, wide in (("P1", 1100), ("P1", 600), ("P2", 1100), ("P0", 1100)):
        as_written = page(await gather(books.engine, person))
        looked_at = re.sub(r"<meta http-equiv=[^>]*>", "", as_written).replace("</body>", f"{LOOK}</body>")
        for name, written in ((f"{person}.html", as_written), (f"{person}-{wide}.html", looked_at)):
            (tmp_path / name).write_text(written, encoding="utf-8")
            frames.append(f'<iframe src="{name}" style="width:{wide}px;height:900px;border:0"></iframe>')
        bars = as_written.count("data-fen=")
        expected.append({"page": f"{person}-{wide}.html", "wide": wide, "found": [], "bars": bars})
    outer = tmp_path / "all.html"
    outer.write_text("".join(frames), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"]
    options += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"]
    browser = await asyncio.create_subprocess_exec(
        CHROMIUM, *options, outer.as_uri(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        shown, said = await asyncio.wait_for(browser.communicate(), 60)
    finally:
        if browser.returncode is None:
            browser.kill()
            await browser.wait()
    assert b"CONSOLE" not in said
    seen = re.search(r'<pre id="found">(.*?)</pre>', shown.decode(), re.DOTALL)
    assert seen is not None
    assert sorted(json.loads(html.unescape(seen[1])), key=str) == sorted(expected, key=str)


def _of(event: dict[str, Any], person: str) -> dict[str, Any]:
    """An event of P1 as another person's, with ids of its own."""
    data = {
        name: person if name == "person_id" else f"{value}-{person}" if name in ("claim_id", "admission_id") else value
        for name, value in event["data"].items()
    }
    return event | {"id": f"{event['id']}-{person}", "data": data}
