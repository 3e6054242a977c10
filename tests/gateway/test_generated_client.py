"""A vendor writes no client: one generated from the OpenAPI document that the gateway serves settles a claim."""

import asyncio
import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests import facts
from tests.gateway.harness import GatewayUnderTest
from tests.gateway.plain_client import give_key
from tests.program import outcome

PACKAGE = "claims_client"
ADMISSION = facts.admit("H1-AG", "P8")
DISCHARGE = facts.discharge("H1-CG", person="P8", admission="H1-AG")


@pytest.mark.skipif(shutil.which("java") is None, reason="openapi-generator runs on Java")
async def test_a_generated_client_settles_a_claim(
    gateway: GatewayUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await give_key(gateway, "H1", "generated")
    document = tmp_path / "openapi.json"
    document.write_bytes((await gateway.client.get(f"{gateway.running.url}/v1/openapi.json")).content)
    await generate(document, tmp_path / "generated")
    monkeypatch.syspath_prepend(tmp_path / "generated")
    settled, stated = await asyncio.to_thread(settle_a_stay, import_module(PACKAGE), gateway.running.url, key)
    assert (settled.claim_id, settled.status) == ("H1-CG", "settled")
    assert stated.to_dict() == settled.to_dict()


async def generate(document: Path, folder: Path) -> None:
    """Write the client's package."""
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("openapi-generator-cli"), "generate", "-g", "python"),
        *("-i", document, "-o", folder, "--package-name", PACKAGE),
        *("--additional-properties", "useOneOfDiscriminatorLookup=true"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    done = await outcome(process, "openapi-generator-cli")
    assert done.code == 0, done.err


def settle_a_stay(client: Any, url: str, key: str) -> tuple[Any, Any]:
    """What a hospital's program does with it: the answer to a claim, and its statement as asked for afterwards."""
    with client.ApiClient(client.Configuration(host=f"{url}/v1", access_token=key)) as connection:
        ledger = client.DefaultApi(connection)
        for model, event in ((client.AdmissionRecordedV1, ADMISSION), (client.DischargeRecordedV1, DISCHARGE)):
            sent = ledger.send_events(client.SendEventsRequest(model.from_dict(event)))
            assert [each.id for each in sent.accepted] == [event["id"]]
        settled = None
        while settled is None:  # the test's own time bounds it
            told = ledger.take_answers(wait=20).answers
            for answer in told:
                event = answer.event.actual_instance
                if event.type == "claim.settled.v1" and event.data.claim_id == DISCHARGE["data"]["claim_id"]:
                    settled = event.data
            if told:
                ledger.acknowledge_answers(client.Acknowledgement(receipts=[answer.receipt for answer in told]))
        return settled, ledger.statement(settled.claim_id).statement
