"""The users of NATS under which the gateway speaks for sources, on embedded servers."""

from collections.abc import Mapping
from pathlib import Path

from infra.access.sources import Source
from infra.access.users import changing_users
from infra.embedded.nats import reload


async def let_gateway_in(folder: Path, hashes: Mapping[Source, str]) -> None:
    """Give the gateway's users their passwords, as bcrypt hashes; an empty one ends the user.

    ``folder`` is the server's own. The server takes the change in before this returns.
    """
    with changing_users(folder) as users:
        for source, hashed in hashes.items():
            users.pop(source.gateway_user, None)
            if hashed:
                users[source.gateway_user] = hashed
    await reload(folder)
