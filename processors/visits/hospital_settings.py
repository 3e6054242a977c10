"""Hospitals that the gateway speaks for, and what differs between them: a journal of steps, none ever changed."""

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network

from msgspec import Struct, field, structs
from msgspec.json import Decoder
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, LargeBinary, Table, Text, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from events.store.metadata import metadata, one_of
from processors.offices.keys import KeyRing
from processors.offices.operators import Operator

hospital_steps = Table(
    "hospital_steps",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="of the step, without gaps from 1"),
    Column("hospital_id", Text, nullable=False, comment="its fixmedins_code"),
    Column("step", Text, nullable=False, comment="set or ended"),
    Column("settings", LargeBinary, comment="networks, tables of codes and switches, JSON; all of them each time"),
    Column("sealed", LargeBinary, comment="passwords and keys, AES-256-GCM"),
    Column("key_id", Text, comment="under which key they are sealed"),
    Column("actor", Text, nullable=False),
    Column("login", Text, nullable=False, comment="of the database"),
    Column("owner", Boolean, nullable=False, comment="whether the login owns the database, which tells nobody apart"),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("hospital_steps_hospital", "hospital_id", "number"),
    one_of("step", ("set", "ended")),
    schema="gateway",
    comment="hospitals that the gateway speaks for; a step is never changed, only sealed anew",
)

MED_TYPE = "med_type"
"""The table that says which setting of the ledger a 医疗类别 is."""


class HospitalSecrets(Struct, frozen=True):
    """What is sealed of a hospital's settings; keys as hexadecimal text. None of it is ever shown."""

    password: str = ""
    """Of the gateway's user on NATS."""
    signature_secret: str | None = None
    """Of ``x-tif-signature``."""
    sm2_public_key: str | None = None
    """Checks the hospital's signature over ``input``."""
    sm4_key: str | None = None
    """Encrypts ``input`` and ``output``."""

    def __repr__(self) -> str:
        return "HospitalSecrets(…)"


class ApiKey(Struct, frozen=True):
    """A key by which a hospital's program calls plain HTTP; ``sha256`` is of its text, hexadecimal.

    The text is random enough that its hash can be shown.
    """

    name: str
    sha256: str


class HospitalSettings(Struct, frozen=True):
    """One hospital as the gateway knows it; ``hospital_id`` is its fixmedins_code.

    ``networks`` are those from which it may call, any where none is named. ``codes`` are its own tables by name, such
    as ``med_type``: code of the interface → what the ledger calls it. ``infcode_text`` gives infcode as text.
    ``api_keys`` are those of plain HTTP, which it may not call where there is none.
    """

    hospital_id: str
    networks: tuple[str, ...] = ()
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    infcode_text: bool = False
    api_keys: tuple[ApiKey, ...] = ()
    secrets: HospitalSecrets = field(default_factory=HospitalSecrets)

    def code(self, table: str, code: str) -> str | None:
        """What a code means in one of the hospital's own tables, None where the table says nothing of it."""
        return self.codes.get(table, {}).get(code)

    def may_call_from(self, address: str) -> bool:
        """Whether the hospital may call from an IP address."""
        if not self.networks:
            return True
        caller = ip_address(address)
        mapped = getattr(caller, "ipv4_mapped", None)  # as a socket for both families tells IPv4
        return any((mapped or caller) in ip_network(network) for network in self.networks)


class HospitalStep(Struct, frozen=True):
    """A step on a hospital: ``set`` states its settings whole, ``ended`` lets it call no more."""

    number: int
    hospital_id: str
    step: str
    settings: bytes | None
    sealed: bytes | None
    key_id: str | None
    actor: str
    login: str
    owner: bool
    at: datetime

    @property
    def operator(self) -> Operator:
        """Who took the step."""
        return Operator(self.actor, None if self.owner else self.login)

    @property
    def about(self) -> str:
        """What its sealed text is bound to."""
        return f"hospital/{self.hospital_id}/{self.number}"


_SETTINGS, _SECRETS = Decoder(HospitalSettings), Decoder(HospitalSecrets)


async def load_steps(connection: AsyncConnection, hospital_id: str | None = None) -> list[HospitalStep]:
    """The steps on all hospitals, or on one, in their order."""
    query = select(*(hospital_steps.c[name] for name in HospitalStep.__struct_fields__)).order_by(
        hospital_steps.c.number
    )
    if hospital_id is not None:
        query = query.where(hospital_steps.c.hospital_id == hospital_id)
    return [HospitalStep(*row) for row in await connection.execute(query)]


async def load_hospitals(connection: AsyncConnection, keys: KeyRing) -> dict[str, HospitalSettings]:
    """The settings that stand, by hospital. Raises ``StepRefused`` where a key lacks."""
    newest = (
        select(*(hospital_steps.c[name] for name in HospitalStep.__struct_fields__))
        .ext(distinct_on(hospital_steps.c.hospital_id))
        .order_by(hospital_steps.c.hospital_id, hospital_steps.c.number.desc())
    )
    found = [HospitalStep(*row) for row in await connection.execute(newest)]
    return {step.hospital_id: settings_of(step, keys) for step in found if step.step == "set"}


def settings_of(step: HospitalStep, keys: KeyRing) -> HospitalSettings:
    """The settings that a step states. Raises ``StepRefused`` where a key lacks or the text was changed."""
    if step.settings is None or step.sealed is None or step.key_id is None:
        raise AssertionError(f"step {step.number} on hospital {step.hospital_id} states no settings")
    secrets = _SECRETS.decode(keys.open(step.key_id, step.sealed, step.about))
    return structs.replace(_SETTINGS.decode(step.settings), secrets=secrets)
