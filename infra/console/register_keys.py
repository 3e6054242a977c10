"""The keys by which pages read registers that keep what may not be read."""

from fastapi import Request

from infra.console.errors import Refused
from infra.console.state import state_of
from infra.files.key_file import KeptRegister, KeyFileError, key_ring
from processors.offices.keys import KeyRing


def register_keys(request: Request, register: KeptRegister) -> KeyRing:
    """The keys of a register. Raises ``Refused`` where their file lacks or can't be used."""
    try:
        return key_ring(state_of(request).settings, register)
    except KeyFileError as error:
        raise Refused(str(error)) from None
