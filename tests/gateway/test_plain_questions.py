"""Plain HTTP tells a hospital what became of its own events and claims, and nothing of another's."""

import asyncio
import hashlib
import json
from typing import Any

import httpx
import orjson
import pytest
from limits import RateLimitItemPerSecond

from infra.gateway import bodies
from infra.gateway.plain import limits
from processors.visits.api_keys import add_api_key
from processors.visits.hospital_settings import ApiKey
from tests import facts
from tests.gateway.harness import MOST_S, GatewayUnderTest

KEYS = {"H1": "asks as H1", "H2": "asks as H2"}


@pytest.fixture(scope="module")
async def asked(gateway: GatewayUnderTest) -> GatewayUnderTest:
    """A gateway at which both hospitals have a key, and H1 has settled a stay of P6."""
    for hospital_id, key in KEYS.items():
        hashed = ApiKey("questions", hashlib.sha256(key.encode()).hexdigest())
        await add_api_key(gateway.engine, gateway.keys, hospital_id, hashed, "tester")
    await gateway.publish(
        [
            facts.admit("H1-AQ", "P6"),
            facts.discharge("H1-CQ", person="P6", admission="H1-AQ"),
            facts.admit("H1-AR", "P7"),
        ]
    )
    return gateway


async def ask(
    gateway: GatewayUnderTest, path: str, body: Any = None, hospital_id: str = "H1", method: str = "POST"
) -> httpx.Response:
    content = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
    named = {"Authorization": f"Bearer {KEYS[hospital_id]}"}
    return await gateway.client.request(method, f"{gateway.running.url}/v1{path}", content=content, headers=named)


async def test_a_hospital_reads_its_own_statement(asked: GatewayUnderTest) -> None:
    answer = await ask(asked, "/statements/H1-CQ", method="GET")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["statement"]["claim_id"] == "H1-CQ"
    assert told["statement"]["status"] == "settled"
    assert told["account"]["bill"]["total"] == told["statement"]["total"]


async def test_a_hospital_prints_the_sheet_of_its_own_claim(asked: GatewayUnderTest) -> None:
    sheet = await ask(asked, "/sheets/H1-CQ", method="GET")
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/html; charset=utf-8")
    account = (await ask(asked, "/statements/H1-CQ", method="GET")).json()["account"]
    assert "H1-CQ" in sheet.text
    assert account["capitals"]["patient_share"] in sheet.text
    others = await ask(asked, "/sheets/H1-CQ", hospital_id="H2", method="GET")
    nobodys = await ask(asked, "/sheets/H1-nobody", hospital_id="H2", method="GET")
    assert (others.status_code, nobodys.status_code) == (404, 404)
    assert others.text.replace("H1-CQ", "H1-nobody") == nobodys.text
    malformed = await ask(asked, "/sheets/H1%00", method="GET")
    assert malformed.status_code == 422


async def test_of_a_reversed_claim_nothing_is_printed(asked: GatewayUnderTest) -> None:
    stay = [facts.admit("H1-AV", "P8"), facts.discharge("H1-CV", person="P8", admission="H1-AV")]
    await asked.publish([*stay, facts.reverse("H1-CV", "hospital/H1")])
    sheet = await ask(asked, "/sheets/H1-CV", method="GET")
    assert sheet.status_code == 404
    assert "已冲正" in sheet.json()["detail_zh"]
    assert "reversed" in sheet.json()["detail"]


async def test_status_of_event_admission_and_claim(asked: GatewayUnderTest) -> None:
    states = []
    for named in ({"event_id": facts.admit("H1-AQ", "P6")["id"]}, {"admission_id": "H1-AR"}, {"claim_id": "H1-CQ"}):
        answer = await ask(asked, "/status", named)
        assert answer.status_code == 200, answer.text
        states.append(answer.json()["status"]["state"])
    assert states == ["taken", "open", "settled"]


async def test_entitlement_of_who_is_admitted(asked: GatewayUnderTest) -> None:
    answer = await ask(asked, "/entitlement", {"person_id": "P7", "day": "2019-05-02"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["entitlement"]["insured"]


async def test_another_hospital_is_told_nothing(asked: GatewayUnderTest) -> None:
    statement = await ask(asked, "/statements/H1-CQ", hospital_id="H2", method="GET")
    assert (statement.status_code, statement.json()["reason"]) == (404, "unknown_claim")
    for named in ({"event_id": facts.admit("H1-AQ", "P6")["id"]}, {"admission_id": "H1-AR"}, {"claim_id": "H1-CQ"}):
        answer = await ask(asked, "/status", named, hospital_id="H2")
        assert answer.json()["status"]["state"] == "unknown"
    person = await ask(asked, "/entitlement", {"person_id": "P7"}, hospital_id="H2")
    nobody = await ask(asked, "/entitlement", {"person_id": "P-nobody"}, hospital_id="H2")
    assert (person.status_code, nobody.status_code) == (403, 403)
    assert person.text.replace("P7", "P-nobody") == nobody.text
    sums = {"day": "2019-05-01", "count": 0, "total": "0.00", "funds": "0.00", "patient_share": "0.00"}
    day = await ask(asked, "/reconcile", sums, hospital_id="H2")
    assert day.json()["reconciliation"]["agrees"], day.text


async def test_a_quote_books_nothing(asked: GatewayUnderTest) -> None:
    event = facts.discharge("H1-CT", person="P7", admission="H1-AR")
    quoted = await ask(asked, "/quote", event)
    assert quoted.status_code == 200, quoted.text
    assert quoted.json()["statement"]["claim_id"] == "H1-CT"
    assert (await ask(asked, "/status", {"claim_id": "H1-CT"})).json()["status"]["state"] == "unknown"
    assert (await ask(asked, "/quote", event, hospital_id="H2")).status_code == 403
    refused = await ask(asked, "/quote", facts.discharge("H1-CT", person="P8", admission="H1-AR"))
    assert (refused.status_code, refused.json()["reason"]) == (422, "person_mismatch")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/status", b"no json", 422),
        ("/status", {}, 422),
        ("/status", {"claim_id": "C1", "event_id": "E1"}, 422),
        ("/status", {"who": "C1"}, 422),
        ("/status", b" " * 300_000, 413),
        ("/entitlement", {"person_id": 5}, 422),
        ("/reconcile", {"day": "2019-05-01"}, 422),
        ("/quote", b"\xc4\xe3", 422),
        ("/quote", {}, 422),
        ("/nothing", {}, 404),
    ],
)
async def test_what_is_refused(asked: GatewayUnderTest, path: str, body: Any, status: int) -> None:
    answer = await ask(asked, path, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail_zh"]


async def test_who_asks_too_often_is_told_when_to_go_on(
    asked: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call in an hour is allowed: the second is refused, and the other hospital's first is not."""
    monkeypatch.setattr(limits, "EVENTS", RateLimitItemPerSecond(1, 3600, "one in an hour"))
    answers = [await ask(asked, "/status", {"claim_id": "H1-CQ"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]
    assert 1 <= int(answers[1].headers["retry-after"]) <= 3600
    assert (await ask(asked, "/status", {"claim_id": "H1-CQ"}, hospital_id="H2")).status_code == 200


async def test_a_body_that_never_ends_is_given_up(asked: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_WITHIN_S", 0.5)
    url = httpx.URL(asked.running.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /v1/status HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEYS['H1']}\r\ncontent-length: 99\r\n\r\n{{"
    writer.write(head.encode())
    async with asyncio.timeout(MOST_S):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"status":408' in answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/status", {"event_id": "\x00"}),
        ("/status", {"event_id": "\ud800"}),
        ("/reconcile", {"day": "0001-01-01"}),
        ("/reconcile", {"day": "9999-12-31"}),
        ("/entitlement", {"person_id": "P7", "day": "0001-01-01"}),
        ("/entitlement", {"person_id": "P7", "day": "9999-12-31"}),
    ],
)
async def test_no_question_is_too_strange(asked: GatewayUnderTest, path: str, body: dict[str, Any]) -> None:
    sums = {"count": 0, "total": "0.00", "funds": "0.00", "patient_share": "0.00"} if path == "/reconcile" else {}
    content = json.dumps(body | sums).encode()
    answer = await ask(asked, path, content)
    assert answer.status_code in (200, 422), answer.text
