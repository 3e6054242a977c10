"""pg_dump and pg_restore: ours from the embedded PostgreSQL, or those of a folder given."""

import asyncio
import os
from pathlib import Path

from sqlalchemy import make_url

from infra.embedded.postgres import program


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
    argv = [str(pg_bin / name if pg_bin is not None else program(name))]
    env = {"LC_ALL": "C"}
    if database_url is not None:
        # the password stays out of the arguments, which everybody on the machine may read
        address, password = _without_password(database_url)
        argv += ["--no-password", f"--dbname={address}"]
        env["PGPASSWORD"] = password
    process = await asyncio.create_subprocess_exec(
        *argv,
        *arguments,
        env={**os.environ, **env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise BackupError(f"{name}: {said.decode(errors='replace').strip()[-2000:] or 'failed'}")


def _without_password(database_url: str) -> tuple[str, str]:
    url = make_url(database_url)
    return url._replace(password=None).render_as_string(), str(url.password or "")
