"""Whatever is sent gets infcode other than 0 and a reason in Chinese, soon; and what is meant well is understood."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.gateway import bodies
from infra.gateway.national.call import NationalRefused
from infra.gateway.national.envelope import LONGEST_BYTES, Envelope, member_text, read_envelope
from infra.http import head_bound
from tests.gateway.harness import MOST_S, GatewayUnderTest, envelope

GOOD = envelope("9001", {"signIn": {"opter_no": "D001"}})
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SOON_S = 10.0
"""No reason takes longer, on a busy machine too."""


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


def raw(value: Any) -> bytes:
    return orjson.dumps(value)


BAD = {
    "nothing": b"",
    "blanks": b" \r\n ",
    "no JSON": b"{infno: 9001}",
    "half": raw(GOOD)[:-20],
    "XML": "<?xml version='1.0' encoding='GBK'?><入院/>".encode("gbk"),
    "no bytes of any encoding": b'{"infno": "\xff\xff\xff"}',
    "a list": raw([GOOD]),
    "null": b"null",
    "a number": b"9001",
    "text": b'"9001"',
    "NaN": b'{"infno": NaN}',
    "nested": b"[" * 200_000,
    "nested input": raw(without("input"))[:-1] + b', "input": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001,
    "a long number": b'{"infno": ' + b"9" * 10_000 + b"}",
    "an exponent": raw(without("input"))[:-1] + b', "input": {"data": {"total": 1e999999999999999999999}}}',
    "NUL": raw(GOOD | {"input": {"data": {"psn_no": "P\x001"}}}),
    "half a surrogate": raw(without("input"))[:-1] + b', "input": {"data": {"psn_name": "\\ud800"}}}',
    "no infno": raw(without("infno")),
    "no msgid": raw(without("msgid")),
    "no fixmedins_code": raw(without("fixmedins_code")),
    "no input": raw(without("input")),
    **{f"{name} null": raw(GOOD | {name: None}) for name in ("infno", "msgid", "fixmedins_code", "input")},
    **{f"{name} empty": raw(GOOD | {name: ""}) for name in ("infno", "msgid", "fixmedins_code", "input")},
    **{f"{name} object": raw(GOOD | {name: {}}) for name in ("infno", "msgid", "fixmedins_code", "opter")},
    **{f"{name} true": raw(GOOD | {name: True}) for name in ("infno", "msgid", "fixmedins_code", "opter", "input")},
    "a list as input": raw(GOOD | {"input": [1]}),
    "encrypted": raw(GOOD | {"input": "A0B1"}),
    "an unknown infno": raw(GOOD | {"infno": "9999"}),
    "a long infno": raw(GOOD | {"infno": "90010000"}),
    "a long msgid": raw(GOOD | {"msgid": "M" * 65}),
    "a msgid that steers": raw(GOOD | {"msgid": "M 1\n*>"}),
    "an unknown hospital": raw(GOOD | {"fixmedins_code": "H404"}),
    "a hospital that steers": raw(GOOD | {"fixmedins_code": "H1.>"}),
    "a long operator": raw(GOOD | {"opter": "长" * 201}),
    "over 10 MB": raw(GOOD | {"input": {"data": {"memo": "x" * LONGEST_BYTES}}}),
    "30 MB": raw(GOOD | {"input": {"data": {"memo": "x" * (3 * LONGEST_BYTES)}}}),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_envelope_is_told_why(gateway: GatewayUnderTest, name: str) -> None:
    began = time.monotonic()
    answer = orjson.loads(await gateway.post(BAD[name]))
    assert time.monotonic() - began < SOON_S
    assert answer["infcode"] == -2, answer
    assert CHINESE.search(answer["err_msg"]), answer
    assert 0 < len(answer["err_msg"]) <= 200
    assert re.fullmatch(r"[0-9]{30}", answer["inf_refmsgid"])


@pytest.mark.parametrize(
    ("changed", "encoding"),
    [
        ({}, "utf-8"),
        ({}, "utf-8-sig"),
        ({"opter_name": "王收费", "fixmedins_name": "上高县人民医院"}, "gbk"),
        ({"opter_name": "㐀㐁", "fixmedins_name": "𠮷"}, "gb18030"),
        ({"infno": 9001}, "utf-8"),
        ({"msgid": 201905060000000001, "opter": 7, "opter_name": None}, "utf-8"),
        ({"infno": " 9001 ", "fixmedins_code": "H1 "}, "utf-8"),
        ({"input": {}}, "utf-8"),
        ({"input": {"signIn": None}, "unknown": [1, {"a": 2}], "sign_no": ""}, "utf-8"),
    ],
)
async def test_what_is_meant_well_is_understood(
    gateway: GatewayUnderTest, changed: dict[str, Any], encoding: str
) -> None:
    request = envelope("9001", {"signIn": {"opter_no": "D001"}}) | changed
    answer = orjson.loads(await gateway.post(json.dumps(request, ensure_ascii=False).encode(encoding)))
    assert answer["infcode"] == 0, answer


async def test_blanks_and_escapes_of_a_document_change_nothing(gateway: GatewayUnderTest) -> None:
    request = envelope("9001", {"signIn": {"opter_no": "工号1"}})
    first = await gateway.post(request)
    assert await gateway.post(json.dumps(request, indent=2, sort_keys=True).encode()) == first


async def ended(gateway: GatewayUnderTest, sent: bytes) -> bytes:
    """What a client reads to the end that sends something and then waits; others are answered meanwhile."""
    host, port = gateway.running.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    await writer.drain()
    assert (await gateway.call("9001", {"signIn": {}}))["infcode"] == 0
    async with asyncio.timeout(MOST_S):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


HALF = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"


async def test_a_body_that_never_ends_is_given_up(gateway: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends half of what it announced and waits."""
    monkeypatch.setattr(bodies, "BODY_WITHIN_S", 1.0)
    assert (await ended(gateway, HALF)).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nhost: x\r\n"])
async def test_a_request_that_never_begins_is_given_up(
    gateway: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(head_bound, "HEAD_WITHIN_S", 1.0)
    assert await ended(gateway, sent) == b""


async def test_a_further_request_that_never_begins_is_given_up(
    gateway: GatewayUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One whole request and a half on the same connection; the whole one is answered."""
    monkeypatch.setattr(head_bound, "HEAD_WITHIN_S", 1.0)
    whole = b"POST /v1/nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
    host, port = gateway.running.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(MOST_S):
        writer.write(whole)
        assert b"404" in await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"}")
        writer.write(whole[:20])
        assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_slow_body_that_ends_is_answered(gateway: GatewayUnderTest) -> None:
    """Bytes that come one after the other, each in a packet of its own."""
    body = orjson.dumps(envelope("9001", {"signIn": {}}))

    async def parts() -> AsyncIterator[bytes]:
        for place in range(0, len(body), 40):
            yield body[place : place + 40]
            await asyncio.sleep(0)

    answer = await gateway.client.post(f"{gateway.running.url}/x", content=parts())
    assert answer.json()["infcode"] == 0


def read_or_refused(body: bytes) -> Envelope | str:
    """What is read, or why it is not."""
    try:
        return read_envelope(body)
    except NationalRefused as refused:
        return refused.message_zh


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CHANGES = st.dictionaries(st.sampled_from([*GOOD, "unknown"]), JSON, max_size=6)


@given(CHANGES, st.sampled_from(["utf-8", "gb18030", "utf-16"]), st.integers(0, 400), st.binary(max_size=4))
@settings(max_examples=300)
def test_an_envelope_is_read_or_refused(changes: dict[str, Any], encoding: str, place: int, noise: bytes) -> None:
    """Also cut and with strange bytes in it: read, or refused in Chinese, and nothing else."""
    text = json.dumps(GOOD | changes, ensure_ascii=place % 2 == 0)
    body = text.encode(encoding, "surrogatepass" if encoding == "utf-8" else "replace")
    if noise:
        body = body[:place] + noise + body[place:]
    read = read_or_refused(body)
    if isinstance(read, str):
        assert CHINESE.search(read)
        return
    assert 0 < len(read.infno) <= 6
    assert 0 < len(read.msgid) <= 64
    assert isinstance(read.input, dict | str)


@given(JSON, st.dictionaries(st.text(max_size=8), JSON, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_a_member_is_found_as_it_stands(value: Any, others: dict[str, Any], indent: int | None, ascii_: bool) -> None:
    whole = {**others, "input": value, "after": 1}
    text = json.dumps(whole, indent=indent, ensure_ascii=ascii_)
    stands = member_text(text, "input")
    assert json.loads(stands) == value
    assert stands in text
