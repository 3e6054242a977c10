"""The file of keys of the register of payees' accounts: a key a line, the newest first, for its owner alone."""

from collections.abc import Sequence
from pathlib import Path

from infra.files.atomic import PRIVATE, write_atomically
from infra.settings import Settings
from processors.offices.keys import KeyRing, key_of, key_text

_OTHERS = 0o077
_HEAD = "# 收款账户登记簿的密钥，新的在前；丢失即读不出账户 keys of the register of payees' accounts, newest first\n"


class KeyFileError(RuntimeError):
    """The file of keys lacks, or can't be used; the message says what to do, and holds no key."""


def key_file_of(settings: Settings) -> Path:
    """Where the keys are: the file of the setting, or one beside the data folder, so that no copy of that holds it."""
    if settings.payees_key is not None:
        return settings.payees_key
    folder = settings.data_dir.resolve()
    return folder.with_name(f"{folder.name}-payees.key")


def read_keys(path: Path) -> list[bytes]:
    """The keys of a file. Raises ``KeyFileError``."""
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyFileError(
            f"没有密钥文件 {path}：放回原来的文件，或用 CLAIMS_PAYEES_KEY 指明；新登记簿用 claims payees new-key 生成。"
            f"There is no key file {path}: bring it back, or name it in CLAIMS_PAYEES_KEY; for a new register run "
            "claims payees new-key"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"密钥文件 {path} 读不出。The key file {path} can't be read: {error}") from None
    if mode & _OTHERS:
        raise KeyFileError(
            f"密钥文件 {path} 他人可读，请先 chmod 600。Others may read the key file {path}: chmod 600 it first"
        )
    lines = [line.strip() for line in text.splitlines()]
    try:
        keys = [key_of(line) for line in lines if line and not line.startswith("#")]
        KeyRing(keys)
    except ValueError as error:
        raise KeyFileError(f"{path} 不是密钥文件。{path} is no key file: {error}") from None
    return keys


def key_ring(settings: Settings) -> KeyRing:
    """The keys of the register. Raises ``KeyFileError``."""
    return KeyRing(read_keys(key_file_of(settings)))


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """Write the keys, whole or not at all, for their owner alone."""
    write_atomically(path, (_HEAD + "".join(f"{key_text(key)}\n" for key in keys)).encode(), PRIVATE)
