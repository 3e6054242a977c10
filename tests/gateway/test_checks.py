"""Who a request comes from: network, x-tif headers, SM2 over input, SM4 of input and output, each where it is set."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from gmssl_pyx import sm2_key_generate, sm2_sign
from msgspec import structs

from infra.gateway.national.call import NationalRefused
from infra.gateway.national.checks import check_caller, encrypted
from infra.gateway.national.frame import CALL_WITHIN_S
from infra.servers import Endpoints
from processors.visits.hospital_settings import HospitalSecrets, HospitalSettings
from tests import facts
from tests.conftest import cloned
from tests.gateway.harness import GatewayUnderTest, envelope, running_gateway
from tests.program import folder_for_servers

SECRET = "of both sides"
PUBLIC, PRIVATE = sm2_key_generate()
SM4_KEY = secrets.token_hex(16)
HOSPITALS = (
    HospitalSettings("HT", secrets=HospitalSecrets(signature_secret=SECRET)),
    HospitalSettings("HS", secrets=HospitalSecrets(sm2_public_key=PUBLIC.hex())),
    HospitalSettings("HE", secrets=HospitalSecrets(sm2_public_key="04" + PUBLIC.hex(), sm4_key=SM4_KEY)),
    HospitalSettings("HN", networks=("10.1.0.0/16",)),
    HospitalSettings("HL", networks=("10.1.0.0/16", "127.0.0.0/8")),
)
INPUT = {"signIn": {"opter_no": "工号1", "mac": None}}


@pytest.fixture(scope="module")
async def gateway(endpoints: Endpoints, template_database: str) -> AsyncIterator[GatewayUnderTest]:
    with folder_for_servers() as folder:
        async with (
            cloned(endpoints, template_database) as database,
            running_gateway(database, folder, HOSPITALS, [facts.hospital()]) as running,
        ):
            yield running


def signed_headers(at: float, secret: str = SECRET) -> dict[str, str]:
    stamp, nonce = str(int(at)), secrets.token_hex(8)
    signature = hashlib.sha256(f"{stamp}{secret}{nonce}{stamp}".encode()).hexdigest()
    return {
        "x-tif-paasid": "his",
        "x-tif-timestamp": stamp,
        "x-tif-nonce": nonce,
        "x-tif-signature": signature,
    }


async def told(gateway: GatewayUnderTest, body: Any, **headers: str) -> tuple[int, str]:
    answer = orjson.loads(await gateway.post(body, headers=headers))
    return answer["infcode"], answer["err_msg"]


async def test_headers_are_checked_where_a_secret_is_set(gateway: GatewayUnderTest) -> None:
    now = time.time()
    assert await told(gateway, envelope("9001", INPUT, hospital_id="HT"), **signed_headers(now)) == (0, "")
    good = signed_headers(now)
    upper = good | {"x-tif-signature": good["x-tif-signature"].upper()}
    assert (await told(gateway, envelope("9001", INPUT, hospital_id="HT"), **upper))[0] == 0
    for headers, said in (
        ({}, "x-tif-timestamp"),
        (signed_headers(now, "another"), "x-tif-signature"),
        (signed_headers(now - 3600), "x-tif-timestamp"),
        (good | {"x-tif-nonce": "other"}, "x-tif-signature"),
        (good | {"x-tif-timestamp": "now"}, "x-tif-timestamp"),
    ):
        code, message = await told(gateway, envelope("9001", INPUT, hospital_id="HT"), **headers)
        assert code == -2
        assert said in message
    # another hospital, which has set none, sends what it likes
    assert (await told(gateway, envelope("9001", INPUT, hospital_id="HL"), **signed_headers(0, "x")))[0] == 0


def sm2_signed(request: dict[str, Any], form: str = "der", **dumped: Any) -> bytes:
    """A request signed over its input as it stands in the document."""
    text = json.dumps(request["input"], **dumped)
    signature = sm2_sign(PRIVATE, PUBLIC, text.encode())
    if form == "raw":
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    cainfo = base64.b64encode(signature).decode() if form == "der" else signature.hex()
    head = json.dumps({**request, "cainfo": cainfo, "signtype": "SM2", "input": None})
    return head.replace('"input": null', f'"input": {text}').encode()


@pytest.mark.parametrize("form", ["der", "raw"])
@pytest.mark.parametrize("dumped", [{}, {"ensure_ascii": False, "indent": 3}, {"separators": (",", ":")}])
async def test_a_signature_over_input_is_checked(gateway: GatewayUnderTest, form: str, dumped: dict[str, Any]) -> None:
    body = sm2_signed(envelope("9001", INPUT, hospital_id="HS"), form, **dumped)
    assert await told(gateway, body) == (0, "")


async def test_a_signature_that_is_not_the_hospitals_is_refused(gateway: GatewayUnderTest) -> None:
    request = envelope("9001", INPUT, hospital_id="HS")
    signed = orjson.loads(sm2_signed(request))
    other_public, other_private = sm2_key_generate()
    forged = base64.b64encode(sm2_sign(other_private, other_public, json.dumps(INPUT).encode())).decode()
    for body, said in (
        (request, "缺失"),
        (signed | {"input": {"signIn": {"opter_no": "工号2"}}}, "不符"),
        (request | {"cainfo": forged}, "不符"),
        (request | {"cainfo": "no signature"}, "不符"),
        (request | {"cainfo": "00" * 64}, "不符"),
    ):
        code, message = await told(gateway, body)
        assert code == -2
        assert said in message


async def test_input_and_output_are_encrypted_where_a_key_is_set(gateway: GatewayUnderTest) -> None:
    clear = json.dumps(INPUT, ensure_ascii=False).encode()
    cainfo = sm2_sign(PRIVATE, PUBLIC, clear).hex()
    request = envelope("9001", encrypted(SM4_KEY, clear), hospital_id="HE", cainfo=cainfo)
    answer = orjson.loads(await gateway.post(request))
    assert answer["infcode"] == 0, answer
    assert answer["enctype"] == "SM4"
    assert "sign_no" in decrypted(answer["output"])["signinoutb"]
    # base64 as well; the same call in another writing is the same call
    other = base64.b64encode(bytes.fromhex(encrypted(SM4_KEY, clear))).decode()
    assert orjson.loads(await gateway.post(request | {"input": other})) == answer
    for input_, said in (
        (INPUT, "密文"),
        (encrypted(secrets.token_hex(16), clear), "SM4"),
        ("not encrypted", "SM4"),
        (encrypted(SM4_KEY, b"no JSON"), "JSON"),
    ):
        code, message = await told(gateway, envelope("9001", input_, hospital_id="HE", cainfo=cainfo))
        assert code == -2
        assert said in message


def decrypted(text: str) -> Any:
    decryptor = Cipher(SM4(bytes.fromhex(SM4_KEY)), ECB()).decryptor()
    padded = decryptor.update(bytes.fromhex(text)) + decryptor.finalize()
    return json.loads(padded[: -padded[-1]])


async def test_a_hospital_calls_from_its_networks(gateway: GatewayUnderTest) -> None:
    code, message = await told(gateway, envelope("9001", INPUT, hospital_id="HN"))
    assert code == -2
    assert "127.0.0.1" in message
    # behind a proxy on the machine itself the caller is the one that the proxy names
    proxied = {"x-forwarded-for": "10.1.7.7"}
    assert (await told(gateway, envelope("9001", INPUT, hospital_id="HN"), **proxied))[0] == 0
    assert (await told(gateway, envelope("9001", INPUT, hospital_id="HL")))[0] == 0


def test_addresses_of_both_families() -> None:
    settings = structs.replace(HOSPITALS[3], networks=("10.1.0.0/16", "fd00::/8"))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::7"):
        check_caller(settings, address, {}, datetime.now(UTC))
    for address in ("10.2.2.3", "::ffff:10.2.2.3", "fe80::7"):
        with pytest.raises(NationalRefused):
            check_caller(settings, address, {}, datetime.now(UTC))


def test_no_secret_is_shown() -> None:
    assert SECRET not in repr(HOSPITALS)
    assert SM4_KEY not in repr(HOSPITALS)
    assert CALL_WITHIN_S < 20  # what the least patient client waits
