"""Out of which fund each layer of a scheme pays, by its text in force."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.funds import USUAL
from processors.law.pinned_schemes import PinnedSchemes

_pinned = PinnedSchemes()
"""One for the process, which serves one ledger."""


async def fund_of_layers(connection: AsyncConnection, scheme: str) -> Callable[[str], str]:
    """The fund of each layer of a scheme; of a layer that no text names the usual one, or the layer's own name."""
    await _pinned.refresh(connection)
    found = next((each for each in _pinned.current if each.name == scheme), None)

    def fund_of(layer: str) -> str:
        return USUAL.get(layer, layer) if found is None else found.fund_of(layer).fund

    return fund_of
