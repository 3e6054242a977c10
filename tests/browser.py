"""Pages in the system's Chromium: what it says on its console, and what overflows, overlaps or is cut off."""

import asyncio
import html
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_CHROMIUM = "no chromium on this machine: apt-get install chromium"

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


async def looked_at(pages: Iterable[tuple[str, str, int]], folder: Path) -> list[dict[str, Any]]:
    """What a browser sees of pages, each by name, text and width: ``page``, ``wide``, ``found`` amiss, ``bars``.

    One browser holds all as frames: each as it is written, and with a script that looks for what is amiss. Fails where
    a page has something to say on the console.
    """
    assert CHROMIUM is not None
    frames = [GATHER]
    for name, as_written, wide in pages:
        with_script = re.sub(r"<meta http-equiv=[^>]*>", "", as_written).replace("</body>", f"{LOOK}</body>")
        for file, written in ((f"{name}.html", as_written), (f"{name}-{wide}.html", with_script)):
            (folder / file).write_text(written, encoding="utf-8")
            frames.append(f'<iframe src="{file}" style="width:{wide}px;height:900px;border:0"></iframe>')
    outer = folder / "all.html"
    outer.write_text("".join(frames), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"]
    options += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"]
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
    return sorted(json.loads(html.unescape(seen[1])), key=str)
