"""Whom NATS lets in beside the ledger: a user a source, two while its password is changed, and what these may do.

Sources are users of an account of their own. Into the ledger's account lead eleven services, nothing else: a reply
subject of a source's choosing stays in the account of the sources, where clients listen on inboxes only, or is one of
the eleven, which take nothing from an acknowledgement.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from events.catalog import BUREAU, CIVIL_AFFAIRS, HOSPITAL, POVERTY_OFFICE
from events.codes import is_code, is_id, is_region
from processors.delivery.names import ANSWERS, PAYOUTS

KINDS = (HOSPITAL, BUREAU, CIVIL_AFFAIRS, POVERTY_OFFICE)
"""The sources of events."""
PAYER = "payer"
"""Who pays out of a fund: it sends nothing, and hears what is booked on its fund in its region."""
GATEWAY = "gateway"
"""Ends the name of the user under which the gateway speaks for a source."""
QUOTE = "claims.quote"
RULES = "claims.rules"
STATUS, ENTITLEMENT, STATEMENT = "claims.status", "claims.entitlement", "claims.statement"
RECONCILE = "claims.reconcile"
_BY_WHO_BILLS = (QUOTE, STATUS, ENTITLEMENT, STATEMENT)
"""What hospitals and bureaus ask."""
EVENT_BYTES = 262_144
"""How large a message of a source may be: an event has a few kB, and a much larger one stalls all behind it."""
HEADROOM = 1_024
"""Bytes of headers and subject that count to a message's size."""


class NotASource(ValueError):
    """No source has such an id."""


@dataclass(frozen=True, slots=True)
class Source:
    """A sender of events, or a payer that only hears.

    ``id`` is a hospital's number, the region of a bureau or office, or a payer's fund and region with a dot between.
    Raises ``NotASource``.
    """

    kind: str
    id: str

    def __post_init__(self) -> None:
        if self.kind == PAYER:
            self._check_payer()
            return
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

    def _check_payer(self) -> None:
        fund, _, region = self.id.partition(".")
        if not is_code(fund):
            raise NotASource(
                f"“{fund}”不是基金代码，应写成 基金.统筹区代码。{fund} is no code of a fund: write FUND.REGION"
            )
        if not is_region(region):
            raise NotASource(
                f"“{self.id}”应写成 基金.统筹区代码，如 {fund}.360123。{self.id} names no region: write {fund}.360123"
            )

    @classmethod
    def named(cls, user: str) -> "Source":
        """The source that a user is: no kind begins with another and a dash, and no user's first part holds a dot."""
        for kind in (*KINDS, PAYER):
            if user.startswith(f"{kind}-"):
                name = user.removeprefix(f"{kind}-").partition(".")[0]
                return cls(kind, name.replace("-", ".") if kind == PAYER else name)
        raise NotASource(f"{user} is no user of a source")

    @property
    def user(self) -> str:
        """Name of its first user. A dot in it would begin what tells a further user."""
        return f"{self.kind}-{self.id.replace('.', '-')}"

    @property
    def gateway_user(self) -> str:
        """Name of the user under which the gateway speaks for it: changes of its own password leave that one alone."""
        return f"{self.user}.{GATEWAY}"

    def next_user(self) -> str:
        """A name for a further user of the source: while a password is changed it has two, each with its own."""
        return f"{self.user}.{secrets.token_hex(4)}"

    @property
    def stream(self) -> str:
        """The stream that it reads."""
        return PAYOUTS if self.kind == PAYER else ANSWERS

    @property
    def mailbox(self) -> str:
        """The durable consumer of its stream that holds what it is told and nothing else."""
        return f"payouts-{self.id.replace('.', '-')}" if self.kind == PAYER else f"answers-{self.kind}-{self.id}"

    @property
    def hears(self) -> str:
        """Subjects of what it is told."""
        return f"claims.payouts.{self.id}.*" if self.kind == PAYER else f"claims.answers.{self.kind}.{self.id}.*"

    @property
    def intake(self) -> str | None:
        """Subjects that it publishes on; a payer has none."""
        return None if self.kind == PAYER else f"claims.intake.{self.kind}.{self.id}.*"

    @property
    def inbox_prefix(self) -> str:
        """What its client's inboxes begin with; no kind holds the underscore that ends it here."""
        return f"_INBOX_{self.kind}_{self.id.replace('.', '-')}"

    def entry(self, user: str, password_hash: str) -> Mapping[str, Any]:
        """A user of its own as nats-server's configuration states it. Whatever is not allowed here is denied."""
        publish = [
            f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self.mailbox}",
            f"$JS.ACK.{self.stream}.{self.mailbox}.>",
        ]
        if self.intake is not None:
            publish = [self.intake, RULES, *publish]
        if self.kind in (HOSPITAL, BUREAU):
            publish += _BY_WHO_BILLS
        if self.kind == HOSPITAL:
            publish.append(RECONCILE)
        return {
            "user": user,
            "password": password_hash,
            "permissions": {"publish": {"allow": publish}, "subscribe": {"allow": [f"{self.inbox_prefix}.>"]}},
        }
