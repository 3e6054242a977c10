"""What one console holds as long as it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from jinja2 import Environment
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.console.background import BackgroundWorks
from infra.console.group import PageGroup
from infra.console.kept_rows import KeptRows
from infra.console.known_codes import KnownCodes
from infra.console.sessions import OneTimeLinks, Sessions, Throttle
from infra.console.static_files import StaticTexts
from infra.settings import Settings
from processors.clearing.booked_sums import BookedSums

SESSION_COOKIES: Mapping[bool, str] = {False: "claims-session", True: "__Host-claims-session"}
"""The cookie's name without and with TLS; a browser takes the latter from this very host over TLS alone."""


@dataclass(eq=False)
class ConsoleState:
    """``engine`` connects under the program's own login; pages read through their visitor's."""

    database_url: str
    nats_url: str
    settings: Settings
    engine: AsyncEngine
    groups: Mapping[str, PageGroup]
    templates: Environment
    static: StaticTexts
    sessions: Sessions = field(default_factory=Sessions)
    links: OneTimeLinks = field(default_factory=OneTimeLinks)
    throttle: Throttle = field(default_factory=Throttle)
    codes: KnownCodes = field(default_factory=KnownCodes)
    works: BackgroundWorks = field(default_factory=BackgroundWorks)
    rows: KeptRows = field(default_factory=KeptRows)
    booked: BookedSums = field(default_factory=BookedSums)

    def __post_init__(self) -> None:
        """Let templates offer the codes."""
        self.templates.globals["known_codes"] = self.codes


def state_of(request: Request) -> ConsoleState:
    """The console that a request came to."""
    state: ConsoleState = request.app.state.console
    return state
