"""What sources ask over NATS beside trial settlements: each is told of its own, and of nobody else's."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError

from events.county_time import COUNTY_TIME
from infra.access.passwords import bcrypt_hash
from infra.access.sources import Source
from infra.access.users import changing_users
from infra.border.enquiries import reply_name
from infra.embedded.nats import NatsServer, reload
from infra.operations.quiescence import until_quiet
from infra.operations.settle import at_work
from infra.settings import Settings
from infra.worker.worker import Worker, worker
from tests import facts
from tests.border import as_said
from tests.nats_clients import PASSWORD, Connected, connected
from tests.papers import paper
from tests.program import BOUND_S, eventually

H1, H2 = Source("hospital", "H1"), Source("hospital", "H2")
BUREAU, ELSEWHERE = Source("bureau", "230803"), Source("bureau", "220621")
CHARITY = Source("civil-affairs", "230803")
REGION = "230803"
TOLD = [
    facts.hospital("H1", 3, region=REGION),
    facts.hospital("H2", 3, region=REGION),
    *(facts.enrol(person, region=REGION) for person in ("P1", "P2")),
    facts.roster("P1", "dibao", on="2019-01-01"),
    # basic: (10,700 - 700) x 70% = 7,000; the second stay has a deductible of its own
    *facts.stay(1, "P1", "2019-04-10", in_scope="10700"),
    *facts.stay(2, "P1", "2019-05-10", in_scope="900"),
    facts.reverse("C2"),
    facts.admit("A3", "P1", on="2019-06-01"),
    facts.discharge("C4", "A4", "P1", on="2019-06-02"),
    facts.discharge("C5", "A3", "P2", on="2019-06-02"),
    paper("W1", person="P2", source=f"bureau/{REGION}"),
]


@dataclass
class Enquiries:
    """A ledger at work that has settled a few stays of H1, and sources that ask it."""

    nats_url: str
    worker: Worker

    def user(self, source: Source | None) -> AbstractAsyncContextManager[Connected]:
        return connected(self.nats_url, source)

    async def ask(self, source: Source | None, subject: str, body: Any, **headers: str) -> dict[str, Any]:
        async with self.user(source) as own:
            return await reply_to(own.client, subject, body, **headers)


async def reply_to(client: Client, subject: str, body: Any, **headers: str) -> dict[str, Any]:
    """The reply, as the border's schema has it."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    answers: list[dict[str, Any]] = []

    async def answered() -> bool:
        with suppress(NoRespondersError):  # of a subscription that was made within milliseconds
            message = await client.request(f"claims.{subject}", raw, BOUND_S, headers=headers or None)
            answers.append(json.loads(message.data))
        return bool(answers)

    await eventually(answered)
    assert as_said(reply_name(f"claims.{subject}"), answers[0]) == []
    return answers[0]


@pytest.fixture
async def enquiries(nats_server: NatsServer, server_folder: Any, database: str) -> AsyncIterator[Enquiries]:
    url = await nats_server.start()
    with changing_users(server_folder / "nats") as users:
        sources = (H1, H2, BUREAU, ELSEWHERE, CHARITY)
        users.update({source.user: bcrypt_hash(PASSWORD) for source in sources})
    await reload(server_folder / "nats")
    async with worker(database, url, Settings()) as ours, at_work(ours):
        places = []
        for event in TOLD:
            subject = f"claims.intake.{event['source'].replace('/', '.')}._"
            places.append((await ours.broker.connection.jetstream().publish(subject, orjson.dumps(event))).seq)
        await until_quiet(ours.engine, places)
        yield Enquiries(url, ours)


async def test_a_source_hears_what_became_of_its_own_and_nothing_of_others(enquiries: Enquiries) -> None:
    expected: list[tuple[dict[str, str], dict[str, Any]]] = [
        ({"event_id": "discharge-C1"}, {"state": "taken", "type": "discharge.recorded.v1"}),
        ({"event_id": "discharge-C4"}, {"state": "waiting", "admission_id": "A4"}),
        ({"event_id": "discharge-C5"}, {"state": "refused", "reason": "person_mismatch"}),
        ({"event_id": "enrol-P1-2019-None"}, {"state": "unknown"}),
        ({"admission_id": "A1"}, {"state": "discharged", "claim_id": "C1", "person_id": "P1"}),
        ({"admission_id": "A3"}, {"state": "open", "claim_id": None}),
        ({"claim_id": "C1"}, {"state": "settled", "revision": 1}),
        ({"claim_id": "C2"}, {"state": "reversed", "revision": 2}),
        ({"claim_id": "C9"}, {"state": "unknown"}),
    ]
    forged = {"Nats-Request-Info": json.dumps({"user": "hospital-H1"})}
    async with enquiries.user(H1) as own, enquiries.user(H2) as other:
        for asked, told in expected:
            status = (await reply_to(own.client, "status", asked))["status"]
            assert {name: status[name] for name in told} == told, asked
            for headers in ({}, forged):
                reply = await reply_to(other.client, "status", asked, **headers)
                assert reply == {"status": {**asked, "state": "unknown"}}, asked
    told_bureau = await enquiries.ask(BUREAU, "status", {"claim_id": "C1"})
    assert told_bureau["status"]["state"] == "settled"
    assert (await enquiries.ask(ELSEWHERE, "status", {"claim_id": "C1"}))["status"]["state"] == "unknown"


async def test_a_bill_on_paper_is_told_to_the_bureau_alone(enquiries: Enquiries) -> None:
    """H1 treated the person, who paid there and handed the bill in: what the funds pay of it is not H1's."""
    told = await enquiries.ask(BUREAU, "statement", {"claim_id": "W1"})
    assert told["statement"]["payee"] == "person"
    assert (await enquiries.ask(H1, "statement", {"claim_id": "W1"}))["refused"]["reason"] == "unknown_claim"
    assert (await enquiries.ask(H1, "status", {"claim_id": "W1"}))["status"]["state"] == "unknown"


async def test_a_statement_names_parts_payers_and_what_the_year_had_used(enquiries: Enquiries) -> None:
    reply = await enquiries.ask(H1, "statement", {"claim_id": "C1"})
    account, statement = reply["account"], reply["statement"]
    assert (statement["claim_id"], statement["total"]) == ("C1", "10700.00")
    assert account["bill"] == {
        "total": "10700.00",
        "in_scope": "10700.00",
        "upfront_copay": "0.00",
        "over_limit": "0.00",
        "self_funded": "0.00",
    }
    assert account["categories"] == [{"code": "dibao", "name": "低保对象"}]
    basic = account["payers"][0]
    assert (basic["layer_zh"], basic["fund_zh"], basic["paid"]) == ("基本医保", "基本医保基金", "7000.00")
    assert [each["paid"] for each in account["payers"]] == [each["paid"] for each in statement["layers"]]
    assert account["deductible"] == "700.00"
    used = next(each for each in account["accumulations"] if each["layer"] == "basic")
    assert (used["before"]["paid"], used["after"]["paid"]) == ("0.00", "7000.00")
    assert account["capitals"]["total"] == "壹万零柒佰元整"
    taken_back = (await enquiries.ask(H1, "statement", {"claim_id": "C2"}))["account"]
    assert taken_back["payers"] == []
    assert taken_back["capitals"]["paid"] == "零元整"
    # another's claim is as one that does not exist
    for source in (H2, ELSEWHERE):
        others = (await enquiries.ask(source, "statement", {"claim_id": "C1"}))["refused"]
        assert others == {
            "reason": "unknown_claim",
            "detail": "no claim C1 was accepted",
            "detail_zh": "结算单 C1 未曾受理",
        }
    assert (await enquiries.ask(BUREAU, "statement", {"claim_id": "C1"}))["statement"] == statement


async def test_an_entitlement_is_told_to_who_treats_the_person(enquiries: Enquiries) -> None:
    asked = {"person_id": "P1", "day": "2019-06-02"}
    told = (await enquiries.ask(H1, "entitlement", asked))["entitlement"]
    assert (told["insured"], told["region"], told["insurance_type_zh"]) == (True, REGION, "居民")
    assert told["categories"] == [{"code": "dibao", "name": "低保对象"}]
    cap = next(each for each in told["limits"] if (each["layer"], each["bound"]) == ("basic", "cap"))
    # the cap of 80,000 of the text, of which C1 has used 7,000 and C2, taken back, nothing
    assert (cap["amount"], cap["used"], cap["left"]) == ("80000.00", "7000.00", "73000.00")
    after = (await enquiries.ask(BUREAU, "entitlement", asked | {"day": "2020-01-01"}))["refused"]
    assert after["reason"] == "source_not_allowed"
    before = (await enquiries.ask(BUREAU, "entitlement", asked | {"day": "2019-01-01"}))["entitlement"]
    assert before["insured"] is True
    # P1 does not lie in H2, nor P2 in H1, nor does anybody know P9: the same words
    refusals = [
        (await enquiries.ask(source, "entitlement", {"person_id": person}))["refused"]
        for source, person in ((H2, "P1"), (H1, "P2"), (H1, "P9"))
    ]
    assert {each["reason"] for each in refusals} == {"source_not_allowed"}
    assert refusals[1]["detail"] == "hospital/H1 has no open admission of P2"
    assert refusals[2]["detail"] == refusals[1]["detail"].replace("P2", "P9")
    assert (await enquiries.ask(ELSEWHERE, "entitlement", asked))["refused"]["reason"] == "source_not_allowed"


async def test_a_day_is_held_against_the_ledger(enquiries: Enquiries) -> None:
    statement = (await enquiries.ask(H1, "statement", {"claim_id": "C1"}))["statement"]
    funds = str(sum(Decimal(each["paid"]) for each in statement["layers"]))
    own = {"total": "10700.00", "funds": funds, "patient_share": statement["patient_share"]}
    day = datetime.now(COUNTY_TIME).date().isoformat()
    agreeing = {"day": day, "count": 1, **own}
    # C2 was settled and taken back on the same day: it brings nothing
    told = (await enquiries.ask(H1, "reconcile", agreeing))["reconciliation"]
    assert (told["agrees"], told["claims"], told["ledger"]) == (True, [], {"count": 1, **own})
    wrong = agreeing | {"count": 2, "total": "10800.00"}
    told = (await enquiries.ask(H1, "reconcile", wrong))["reconciliation"]
    assert (told["agrees"], told["left_off"]) == (False, 0)
    assert told["claims"] == [{"claim_id": "C1", "stated": None, "ledger": own}]
    extra = {"claim_id": "X1", "total": "100", "funds": "0", "patient_share": "100.0"}
    listed = wrong | {"claims": [{"claim_id": "C1", **own}, extra]}
    told = (await enquiries.ask(H1, "reconcile", listed))["reconciliation"]
    hundred = {"total": "100.00", "funds": "0.00", "patient_share": "100.00"}
    assert told["claims"] == [{"claim_id": "X1", "stated": hundred, "ledger": None}]
    # the sums agree, and two claims are mixed up
    mixed = agreeing | {"claims": [{"claim_id": "C9", **own}]}
    told = (await enquiries.ask(H1, "reconcile", mixed))["reconciliation"]
    assert (told["agrees"], [each["claim_id"] for each in told["claims"]]) == (False, ["C1", "C9"])
    # another hospital has a day of its own
    nothing = {"count": 0, "total": "0.00", "funds": "0.00", "patient_share": "0.00"}
    told = (await enquiries.ask(H2, "reconcile", agreeing))["reconciliation"]
    assert (told["ledger"], told["claims"]) == (nothing, [])
    assert (await enquiries.ask(None, "reconcile", agreeing))["refused"]["reason"] == "source_not_allowed"


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("status", b""),
        ("status", b"\xff"),
        ("status", b"[]"),
        ("status", {}),
        ("status", {"claim_id": "C1", "event_id": "e"}),
        ("status", {"claim_id": "C 1"}),
        ("status", {"claim_id": "C1", "source": "hospital/H2"}),
        ("statement", {"claim_id": None}),
        ("entitlement", {"person_id": "P1", "day": "2019-02-30"}),
        ("reconcile", {"day": "2019-06-01", "count": 1, "total": 1, "funds": "0", "patient_share": "0"}),
        ("reconcile", {"day": "2019-06-01", "count": 1, "total": "1e3", "funds": "0", "patient_share": "0"}),
    ],
)
async def test_what_cannot_be_read_is_told(enquiries: Enquiries, subject: str, body: Any) -> None:
    refused = (await enquiries.ask(H1, subject, body))["refused"]
    assert refused["reason"] == "malformed"
    assert refused["detail_zh"]
    # and it still answers
    assert (await enquiries.ask(H1, "status", {"claim_id": "C1"}))["status"]["state"] == "settled"


async def asked_in_vain(subject: str, own: Connected) -> None:
    await own.client.request(f"claims.{subject}", b"{}", timeout=0.5)


async def test_rights_end_at_the_server(enquiries: Enquiries) -> None:
    async with enquiries.user(CHARITY) as office, enquiries.user(BUREAU) as bureau:
        for own, subject in ((office, "status"), (office, "statement"), (office, "entitlement"), (bureau, "reconcile")):
            assert await own.refused(partial(asked_in_vain, subject))
