"""Keys of registers that keep what may not be read: AES-256-GCM, each sealed text bound to what it belongs to.

A register has a ring of its own (``infra/files/key_file.py``). The library is imported where it is used: no other
command pays for it.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from processors.offices.refusal import StepRefused

KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_DIGITS = 16


class KeyRing:
    """The keys of a register, the one that seals first; the others open what was sealed before."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a register has one key or more, of {KEY_BYTES} bytes each")
        self._by_id = {key_id(key): key for key in reversed(keys)}
        self.current = key_id(keys[0])
        self._index_keys: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._by_id)})"

    def __contains__(self, id_: str) -> bool:
        return id_ in self._by_id

    def index(self, content: bytes, purpose: str) -> bytes:
        """A blind index under the current key: what equals is found by it, and who lacks the key can't try contents."""
        return hmac.digest(self._index_key(self.current, purpose), content, "sha256")

    def indexes(self, content: bytes, purpose: str) -> list[bytes]:
        """The same under each key, for rows that are not sealed anew yet."""
        return [hmac.digest(self._index_key(id_, purpose), content, "sha256") for id_ in self._by_id]

    def _index_key(self, id_: str, purpose: str) -> bytes:
        """A key that is derived from one of the ring: what seals is used for nothing else (RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        if (id_, purpose) not in self._index_keys:
            derivation = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"claims index {purpose}".encode())
            self._index_keys[id_, purpose] = derivation.derive(self._by_id[id_])
        return self._index_keys[id_, purpose]

    def seal(self, content: bytes, about: str) -> bytes:
        """Encrypt under the current key. ``about`` is not kept: what is opened under another is refused."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._by_id[self.current]).encrypt(nonce, content, about.encode())

    def open(self, id_: str, sealed: bytes, about: str) -> bytes:
        """Decrypt. Raises ``StepRefused`` where the key lacks, or the text is not the one that was sealed here."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._by_id.get(id_)
        if key is None:
            raise StepRefused(
                f"缺少密钥 {id_}，读不出 {about}：请放回原密钥文件。key {id_} lacks: {about} can't be read without it"
            )
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about.encode())
        except InvalidTag:
            raise StepRefused(
                f"{about} 的密文被改动过，不能使用。what is sealed of {about} was changed: it is not used"
            ) from None


def key_id(key: bytes) -> str:
    """What names a key without telling it; the words before it are those of the first register, of whatever ring."""
    return hashlib.sha256(b"claims payees " + key).hexdigest()[:_ID_DIGITS]


def new_key() -> bytes:
    """A key that nobody has."""
    return secrets.token_bytes(KEY_BYTES)


def key_text(key: bytes) -> str:
    """A key as a line of its file."""
    return base64.b64encode(key).decode()


def key_of(line: str) -> bytes:
    """The key of a line. Raises ``ValueError``, whose text does not hold the line."""
    try:
        key = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a line is no key") from None
    if len(key) != KEY_BYTES:
        raise ValueError("a line is no key")
    return key
