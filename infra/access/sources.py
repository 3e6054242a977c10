"""Whom NATS lets in beside the ledger: a user a source, two while its password is changed, and what these may do.

Sources are users of an account of their own. Into the ledger's account lead five services, nothing else: a reply
subject of a source's choosing stays in the account of the sources, where clients listen on inboxes only, or is one of
the five, which take nothing from an acknowledgement.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from events.catalog import BUREAU, CIVIL_AFFAIRS, HOSPITAL, POVERTY_OFFICE
from events.codes import is_id, is_region
from processors.delivery.names import ANSWERS

KINDS = (HOSPITAL, BUREAU, CIVIL_AFFAIRS, POVERTY_OFFICE)
QUOTE = "claims.quote"
RULES = "claims.rules"
EVENT_BYTES = 262_144
"""How large a message of a source may be: an event has a few kB, and a much larger one stalls all behind it."""
HEADROOM = 1_024
"""Bytes of headers and subject that count to a message's size."""


class NotASource(ValueError):
    """No source has such an id."""


@dataclass(frozen=True, slots=True)
class Source:
    """A sender of events; ``id`` is a hospital's number, or the region of a bureau or office. Raises ``NotASource``."""

    kind: str
    id: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            known = ", ".join(KINDS)
            raise NotASource(f"来源种类 {self.kind} 不可用，可用的有 {known}。{self.kind} is no kind of source")
        if self.kind == HOSPITAL and not is_id(self.id):
            raise NotASource(
                f"“{self.id}”不是医疗机构编号，编号为1至128个字母、数字、- 或 _。"
                f"{self.id} is no number of a hospital: 1 to 128 letters, digits, - and _"
            )
        if self.kind != HOSPITAL and not is_region(self.id):
            raise NotASource(
                f"“{self.id}”不是统筹区代码，应为六位数字。{self.id} is no region: six digits of GB/T 2260"
            )

    @classmethod
    def named(cls, user: str) -> "Source":
        """The source that a user is: no kind begins with another and a dash, and no id holds a dot."""
        for kind in KINDS:
            if user.startswith(f"{kind}-"):
                return cls(kind, user.removeprefix(f"{kind}-").partition(".")[0])
        raise NotASource(f"{user} is no user of a source")

    @property
    def user(self) -> str:
        """Name of its first user."""
        return f"{self.kind}-{self.id}"

    def next_user(self) -> str:
        """A name for a further user of the source: while a password is changed it has two, each with its own."""
        return f"{self.user}.{secrets.token_hex(4)}"

    @property
    def mailbox(self) -> str:
        """The durable consumer of ANSWERS that holds its answers and no others'."""
        return f"answers-{self.kind}-{self.id}"

    @property
    def answers(self) -> str:
        """Subjects of its answers."""
        return f"claims.answers.{self.kind}.{self.id}.*"

    @property
    def intake(self) -> str:
        """Subjects that it publishes on."""
        return f"claims.intake.{self.kind}.{self.id}.*"

    @property
    def inbox_prefix(self) -> str:
        """What its client's inboxes begin with; no kind holds the underscore that ends it here."""
        return f"_INBOX_{self.kind}_{self.id}"

    def entry(self, user: str, password_hash: str) -> Mapping[str, Any]:
        """A user of its own as nats-server's configuration states it. Whatever is not allowed here is denied."""
        publish = [
            self.intake,
            RULES,
            f"$JS.API.CONSUMER.MSG.NEXT.{ANSWERS}.{self.mailbox}",
            f"$JS.ACK.{ANSWERS}.{self.mailbox}.>",
        ]
        if self.kind in (HOSPITAL, BUREAU):
            publish.append(QUOTE)
        return {
            "user": user,
            "password": password_hash,
            "permissions": {"publish": {"allow": publish}, "subscribe": {"allow": [f"{self.inbox_prefix}.>"]}},
        }
