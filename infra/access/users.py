"""The sources that an embedded nats-server lets in: a file that the server includes and we alone write."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from infra.access.sources import Source
from infra.embedded.process import server_user, write_private_file

FILE = "sources.json"
Users = dict[str, str]
"""bcrypt hash of the password by name of the user, in the order in which they were made."""


def read_users(folder: Path) -> Users:
    """The users that the server lets in; none where there is no file yet."""
    path = folder / FILE
    if not path.exists():
        return {}
    entries = json.loads(path.read_text(encoding="utf-8"))["users"]
    return {entry["user"]: entry["password"] for entry in entries}


def users_of(users: Users, source: Source) -> list[str]:
    """Names of a source's own users, the one made last at the end; the gateway's is none of them."""
    return [user for user in users if Source.named(user) == source and user != source.gateway_user]


def write_users(folder: Path, users: Mapping[str, str]) -> None:
    """Replace the file, each user with the rights that this version of the program gives."""
    entries = [Source.named(user).entry(user, hashed) for user, hashed in users.items()]
    write_private_file(folder / FILE, json.dumps({"users": entries}, indent=1), server_user(folder))


@contextmanager
def changing_users(folder: Path) -> Iterator[Users]:
    """The users, to be changed by one process at a time; written where the block ends without an error."""
    handle = os.open(folder / f"{FILE}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        users = read_users(folder)
        yield users
        write_users(folder, users)
    finally:
        os.close(handle)
