"""pg_dump and pg_restore: ours from the embedded PostgreSQL, or those of a folder given. Either works over TLS."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from infra.embedded.postgres import program
from infra.postgres.tls_tunnel import plain_address


class BackupError(RuntimeError):
    """A backup could not be made, or can't be used; the ledger in the database was not touched."""


async def dump(database_url: str, file: Path, pg_bin: Path | None) -> None:
    """Write one moment of a database over an existing file. Raises ``BackupError``."""
    await _run("pg_dump", pg_bin, database_url, "--format=custom", f"--file={file}")


async def check_archive(file: Path, pg_bin: Path | None) -> None:
    """Raise ``BackupError`` for a file that is no dump, or whose list of contents is cut off."""
    await _run("pg_restore", pg_bin, None, "--list", str(file))


async def load(database_url: str, file: Path, pg_bin: Path | None) -> None:
    """Restore a dump into an empty database, without its owners and rights: this server may not know those roles.

    Raises ``BackupError`` at the first error of pg_restore.
    """
    await _run("pg_restore", pg_bin, database_url, "--exit-on-error", "--no-owner", "--no-privileges", str(file))


async def _run(name: str, pg_bin: Path | None, database_url: str | None, *arguments: str) -> None:
    argv = [str(pg_bin / name if pg_bin is not None else program(name)), *arguments]
    if database_url is None:
        await _call(argv, {})
        return
    try:
        async with plain_address(database_url) as address:
            # the password stays out of the arguments, which everybody on the machine may read
            login = ["--no-password", f"--dbname={address.url}"]
            await _call([argv[0], *login, *argv[1:]], {"PGPASSWORD": address.password})
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BackupError(f"{name}: the database can't be reached: {error}") from None


async def _call(argv: Sequence[str], env: Mapping[str, str]) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env={**os.environ, "LC_ALL": "C", **env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise BackupError(f"{argv[0]} can't be run: {error.strerror}; CLAIMS_PG_BIN names its folder") from None
    try:
        _, said = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise BackupError(f"{Path(argv[0]).name}: {said.decode(errors='replace').strip()[-2000:] or 'failed'}")
