"""The program itself: ``claims up --console``, and ``claims console --json`` beside it."""

import json
import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.program import background, eventually, exit_code, up_is_ready


async def test_a_console_runs_with_up_and_another_beside_it(server_folder: Path) -> None:
    logs = [server_folder / "up.log", server_folder / "console.log"]
    at = ("--data-dir", server_folder / "ledger")
    async with background("up", *at, "--console", "127.0.0.1:0", log=logs[0]) as up:
        await up_is_ready(logs[0])
        async with background("console", *at, "--listen", "127.0.0.1:0", "--json", log=logs[1]) as beside:
            await eventually(lambda: "\n" in logs[1].read_text(encoding="utf-8"), lambda: logs[1].read_text("utf-8"))
            told = json.loads(logs[1].read_text(encoding="utf-8").splitlines()[0])
            assert set(told) == {"url", "link"}
            links = re.compile(r"http://127\.0\.0\.1:\d+/session/link/\S+")
            await eventually(
                lambda: links.search(logs[0].read_text(encoding="utf-8")) is not None,
                lambda: logs[0].read_text("utf-8"),
            )
            [with_up] = links.findall(logs[0].read_text(encoding="utf-8"))
            async with httpx.AsyncClient(follow_redirects=True) as client:
                for link in (told["link"], with_up):
                    page = await client.get(link)
                    assert (page.status_code, page.url.path) == (200, "/")
                    waits = re.findall(r'<div class="tile.*?</div>', page.text, re.DOTALL)
                    assert "没有等待办理的事项" in page.text, waits
            beside.send_signal(signal.SIGTERM)
            assert await exit_code(beside, logs[1]) == 0
        up.send_signal(signal.SIGINT)
        assert await exit_code(up, logs[0]) == 0
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.TransportError):
                await client.get(with_up)
