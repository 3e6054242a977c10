"""The program of the tree that tests/data/make_dump.py runs in."""

import csv
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


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


def typed(data: Path, line: str) -> list[dict[str, Any]]:
    """Run a command on a ledger as it is typed; no argument of it has a space."""
    return claims(*line.split(), "--data-dir", data, "--json")


def today() -> datetime.datetime:
    """Now, at the county."""
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=8)


def settle(data: Path, sent: list[dict[str, Any]]) -> None:
    """Settle events."""
    lines = data.parent / "events.jsonl"
    lines.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in sent), encoding="utf-8")
    claims("settle", lines, "--data-dir", data)


def proposed_on(day: str) -> str:
    """The day of a case's proposal, for a program whose proposals have one."""
    has_days = (Path.cwd() / "infra/postgres/migrations/versions/0009_proposals.sql").exists()
    return f"--on {day}" if has_days else ""


def bank_lines(file: Path) -> list[str]:
    """The lines of a file for the bank, each as its reply begins: reference, amount."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return [f"{row['凭证号']},{row['金额']}" for row in csv.DictReader(opened) if row["凭证号"]]
