"""The sandbox at work, as another process."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.program import background, eventually, exit_code


@asynccontextmanager
async def sandbox(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """What a sandbox says in its first line; it ends by SIGTERM, and in good order."""
    log = folder / "sandbox.log"
    ready: dict[str, Any] = {}

    def is_ready() -> bool:
        for said in log.read_bytes().splitlines():
            if said.startswith(b'{"url"'):
                ready.update(orjson.loads(said))
                return True
        return False

    data = ("--data-dir", folder / "ledger")
    async with background("sandbox", "--listen", "127.0.0.1:0", *data, "--json", log=log) as process:
        await eventually(is_ready, lambda: log.read_text(encoding="utf-8"))
        yield ready
        process.send_signal(signal.SIGTERM)
        assert await exit_code(process, log) == 0
        assert "stopped" in log.read_text(encoding="utf-8")
