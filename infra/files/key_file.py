"""The file of keys of a register that keeps what may not be read: a key a line, newest first, for its owner alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.files.atomic import PRIVATE, write_atomically
from infra.settings import Settings
from processors.offices.keys import KeyRing, key_of, key_text

_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class KeptRegister:
    """A register with a ring of keys: its name in Chinese and English, and what ends the name of its key file.

    ``claims <name> new-key`` makes the file; ``CLAIMS_<NAME>_KEY`` says where it is, unless beside the data folder.
    """

    name: str
    chinese: str
    english: str

    @property
    def head(self) -> str:
        """The first line of the file."""
        return f"# {self.chinese}的密钥，新的在前；丢失即读不出 keys of {self.english}, newest first\n"


PAYEES = KeptRegister("payees", "收款账户登记簿", "the register of payees' accounts")
PERSONS = KeptRegister("persons", "参保人登记簿", "the persons' register")


class KeyFileError(RuntimeError):
    """The file of keys lacks, or can't be used; the message says what to do, and holds no key."""


def key_file_of(settings: Settings, register: KeptRegister) -> Path:
    """Where the keys are: the file of the setting, or one beside the data folder, so that no copy of that holds it."""
    named: Path | None = getattr(settings, f"{register.name}_key")
    if named is not None:
        return named
    folder = settings.data_dir.resolve()
    return folder.with_name(f"{folder.name}-{register.name}.key")


def read_keys(path: Path, register: KeptRegister) -> list[bytes]:
    """The keys of a file. Raises ``KeyFileError``."""
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyFileError(
            f"没有密钥文件 {path}：放回原来的文件，或用 CLAIMS_{register.name.upper()}_KEY 指明；新登记簿用 "
            f"claims {register.name} new-key 生成。There is no key file {path}: bring it back, or name it in "
            f"CLAIMS_{register.name.upper()}_KEY; for a new register run claims {register.name} new-key"
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


def key_ring(settings: Settings, register: KeptRegister) -> KeyRing:
    """The keys of a register. Raises ``KeyFileError``."""
    return KeyRing(read_keys(key_file_of(settings, register), register))


def write_keys(path: Path, register: KeptRegister, keys: Sequence[bytes]) -> None:
    """Write the keys, whole or not at all, for their owner alone."""
    write_atomically(path, (register.head + "".join(f"{key_text(key)}\n" for key in keys)).encode(), PRIVATE)
