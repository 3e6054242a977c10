"""Key files of registers that keep what may not be read: made for a new register, and changed for a used one."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from infra.cli.clearing_step import print_result, run_step
from infra.cli.options import settings_of
from infra.files.key_file import KeptRegister, KeyFileError, key_file_of, read_keys, write_keys
from processors.offices.keys import KeyRing, new_key

KeysInUse = Callable[[AsyncEngine], Awaitable[set[str]]]
"""Gives the ids of the keys under which anything of a register is sealed."""


def make_key_file(data_dir: Path | None, register: KeptRegister, keys_in_use: KeysInUse, *, json: bool) -> None:
    """Make the key file of a new register. Raises ``KeyFileError`` where there is one, or anything is sealed."""
    path = key_file_of(settings_of(data_dir), register)
    if path.exists():
        raise KeyFileError(f"已有密钥文件 {path}，换密钥用 claims {register.name} rotate-key。{path} is there already")
    in_use = run_step(data_dir, keys_in_use)
    if in_use:
        raise KeyFileError(
            f"登记簿已用密钥 {'、'.join(sorted(in_use))} 加密，请放回原密钥文件 {path}。"
            f"the register is sealed under other keys: bring their file back as {path}"
        )
    key = new_key()
    write_keys(path, register, [key])
    told = {"key_file": str(path), "key_id": KeyRing([key]).current}
    print_result(told, f"已生成 written: {path}；请另存一份，备份里没有它 keep a copy: no backup holds it", json=json)


def rotate_key_file(
    data_dir: Path | None,
    register: KeptRegister,
    keys_in_use: KeysInUse,
    seal_anew: Callable[[AsyncEngine, KeyRing], Awaitable[int]],
    *,
    counted: str,
    json: bool,
) -> None:
    """Add a key to a register's file, and seal all anew under it. Raises ``KeyFileError`` where a key in use lacks.

    ``counted`` is the name under which JSON tells how many were sealed.
    """
    path = key_file_of(settings_of(data_dir), register)
    keys = [new_key(), *read_keys(path, register)]
    missing = {each for each in run_step(data_dir, keys_in_use) if each not in KeyRing(keys)}
    if missing:
        raise KeyFileError(f"{path} 缺少密钥 {'、'.join(sorted(missing))}。{path} lacks keys that are in use")
    write_keys(path, register, keys)  # before it is used: what is sealed can be opened whatever stops this program
    ring = KeyRing(keys)
    sealed = run_step(data_dir, lambda engine: seal_anew(engine, ring))
    told = {"key_file": str(path), "key_id": ring.current, counted: sealed}
    print_result(told, f"已换密钥 {ring.current}，重新加密 sealed anew: {sealed}", json=json)
