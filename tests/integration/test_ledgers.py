"""Which ledger a command works on: none is made by a look, none is mixed with a demo, none is served twice."""

import os
from pathlib import Path

import pytest

from infra.embedded.identity import User
from infra.embedded.process import server_user
from tests import facts
from tests.program import background, claims, up_is_ready, write_lines


@pytest.mark.parametrize("command", [("statements",), ("verify",), ("status", "--json"), ("replay", "P1")])
async def test_a_look_at_no_ledger_makes_none(server_folder: Path, command: tuple[str, ...]) -> None:
    looked = await claims(*command, "--data-dir", server_folder / "mistyped")
    assert looked.code == 2
    assert "No ledger in" in looked.err
    assert not (server_folder / "mistyped").exists()


async def test_the_demo_is_never_poured_into_a_ledger_that_holds_anything_else(server_folder: Path) -> None:
    events = write_lines(server_folder / "events.jsonl", [facts.hospital()])
    ledger = server_folder / "ledger"
    assert (await claims("settle", events, "--data-dir", ledger)).code == 0
    demo = await claims("demo", "--data-dir", ledger)
    assert demo.code == 2
    assert "holds other events" in demo.err


async def test_a_second_up_is_told_of_the_first(server_folder: Path) -> None:
    ledger = server_folder / "ledger"
    async with background("up", "--data-dir", ledger, log=server_folder / "up.log"):
        await up_is_ready(server_folder / "up.log")
        second = await claims("up", "--data-dir", ledger)
    assert second.code == 2
    assert "up" in second.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_root_serves_a_ledger_as_its_owner_and_takes_nothing_over(server_folder: Path) -> None:
    (server_folder / "postgres").mkdir()
    os.chown(server_folder / "postgres", 1, 1)
    assert server_user(server_folder / "postgres") == User(1, 1)
    assert server_user(server_folder / "nats") == User(1, 1)
