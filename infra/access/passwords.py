"""Passwords made here, shown once, kept only as what checks them."""

import hashlib
import hmac
import secrets
from base64 import b64encode

import bcrypt

# 192 random bits can't be guessed at any speed. More rounds would only slow the server, which checks every connected
# client again whenever its users change.
_BCRYPT_ROUNDS = 5
_SCRAM_ITERATIONS = 4096
_BYTES = 24


def new_password() -> str:
    """Letters and digits only: it goes into URLs as it is."""
    return secrets.token_hex(_BYTES)


def bcrypt_hash(password: str) -> str:
    """As nats-server checks it."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(_BCRYPT_ROUNDS, prefix=b"2a")).decode()


def scram_verifier(password: str) -> str:
    """As PostgreSQL keeps it (RFC 5803): sent in place of the password, which stays out of the server's log."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    told = [b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_SCRAM_ITERATIONS}:{told[0]}${told[1]}:{told[2]}"
