"""The keys by which pages read the register of payees' accounts."""

from fastapi import Request

from infra.console.errors import Refused
from infra.console.state import state_of
from infra.files.key_file import PAYEES, KeyFileError, key_ring
from processors.offices.keys import KeyRing


def register_keys(request: Request) -> KeyRing:
    """The keys of the register. Raises ``Refused`` where their file lacks or can't be used."""
    try:
        return key_ring(state_of(request).settings, PAYEES)
    except KeyFileError as error:
        raise Refused(str(error)) from None
