"""Whether a request comes from the hospital that it names: network, ``x-tif`` headers, SM2 signature, SM4 encryption.

Each is checked where the hospital's settings have what it takes, and ignored otherwise.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7
from gmssl_pyx import GmsslInnerError, normalize_sm2_public_key, sm2_verify

from infra.gateway.national.call import NationalRefused
from infra.gateway.national.envelope import Envelope, read_object, without_blanks
from processors.visits.hospital_settings import HospitalSettings

CLOCK_APART_S = 900
"""How far the clock of a hospital may be from ours, where it signs its time."""
_BLOCK_BITS = 128
_RAW_SIGNATURE = 64
"""Bytes of a signature that is r and s one behind the other, and no ASN.1."""


def check_caller(hospital: HospitalSettings, address: str, headers: Mapping[str, str], now: datetime) -> None:
    """Raise ``NationalRefused`` where a request is not the hospital's by its network or its ``x-tif`` headers."""
    if not hospital.may_call_from(address):
        raise NationalRefused(f"网络地址 {address} 未登记为机构 {hospital.hospital_id} 的地址，请联系医保经办机构登记")
    secret = hospital.secrets.signature_secret
    if secret is None:
        return
    told = {name: headers.get(f"x-tif-{name}", "") for name in ("timestamp", "nonce", "signature")}
    if missing := [f"x-tif-{name}" for name, value in told.items() if not value]:
        raise NationalRefused(f"请求头缺少 {'、'.join(missing)}，本机构已启用签名，请补上")
    at = told["timestamp"]
    if not at.isdecimal() or abs(int(at[:10]) - now.timestamp()) > CLOCK_APART_S:
        raise NationalRefused("请求头 x-tif-timestamp 与本系统时间相差过大，请校准时钟后重发")
    expected = hashlib.sha256(f"{at}{secret}{told['nonce']}{at}".encode()).hexdigest()
    if not hmac.compare_digest(expected.encode(), told["signature"].casefold().encode()):
        raise NationalRefused("请求头 x-tif-signature 不正确，请核对签名密钥和算法")


def opened(hospital: HospitalSettings, envelope: Envelope) -> Envelope:
    """The request with its input in clear, its signature checked. Raises ``NationalRefused``."""
    if isinstance(envelope.input, str):
        clear = _decrypted(hospital, envelope.input)
        envelope = replace(envelope, input=without_blanks(read_object(clear, "input")), input_text=clear)
    elif hospital.secrets.sm4_key is not None:
        raise NationalRefused("本机构已启用SM4加密，input 应为密文")
    if hospital.secrets.sm2_public_key is not None:
        _check_signature(hospital.secrets.sm2_public_key, envelope)
    return envelope


def encrypted(sm4_key: str, text: bytes) -> str:
    """SM4 in ECB with PKCS#7, as the interface has it; hexadecimal."""
    padder = PKCS7(_BLOCK_BITS).padder()
    encryptor = Cipher(SM4(bytes.fromhex(sm4_key)), ECB()).encryptor()  # noqa: S305 - the interface's own mode
    return (encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()).hex().upper()


def _decrypted(hospital: HospitalSettings, text: str) -> str:
    if hospital.secrets.sm4_key is None:
        raise NationalRefused("input 是加密文本，而本机构未登记SM4密钥：请发送明文，或联系医保经办机构登记密钥")
    try:
        decryptor = Cipher(SM4(bytes.fromhex(hospital.secrets.sm4_key)), ECB()).decryptor()  # noqa: S305
        padded = decryptor.update(bytes_of(text)) + decryptor.finalize()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:  # no hexadecimal, no whole blocks, another key, no UTF-8
        raise NationalRefused("input 无法用本机构的SM4密钥解密，请核对密钥和填充方式（ECB、PKCS7）") from None


def _check_signature(public_key: str, envelope: Envelope) -> None:
    if not envelope.cainfo:
        raise NationalRefused("cainfo（数字签名）缺失，本机构已启用SM2签名，请对 input 签名后重发")
    try:
        signature = bytes_of(envelope.cainfo)
        if len(signature) == _RAW_SIGNATURE:
            half = _RAW_SIGNATURE // 2
            signature = encode_dss_signature(
                int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            )
        key = normalize_sm2_public_key(bytes.fromhex(public_key))
        if sm2_verify(key, envelope.input_text.encode(), signature):
            return
    except (ValueError, GmsslInnerError):  # nothing that could be a signature
        pass
    raise NationalRefused("cainfo（数字签名）与 input 不符，请核对SM2密钥，签名内容为 input 的原文")


def bytes_of(text: str) -> bytes:
    """What a text in hexadecimal or base64 holds. Raises ``ValueError``."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from None
