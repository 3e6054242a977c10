"""Errors of the ledger's own functions that a page tells in their words."""

from infra.access.logins import LoginError
from infra.console.errors import ConsoleError
from infra.files.text_file import UnusableFile
from infra.operations.resettle import OrderRefused
from infra.operations.roster_import import RefusedList
from policies.loader import SchemeError
from policies.reform import ReformError
from processors.offices.refusal import StepRefused
from processors.rosters.cells import UnusableCell
from processors.rosters.imports import ConcurrentImport

REFUSALS = (StepRefused, ConcurrentImport, LoginError, OrderRefused, RefusedList)
"""Steps that the books do not allow; the message says what to do instead, as the command line words it."""
UNUSABLE_INPUT = (ReformError, SchemeError, UnusableCell, UnusableFile)
"""Files and texts that can't be read; the message says where."""
IN_THEIR_WORDS = (ConsoleError, *REFUSALS, *UNUSABLE_INPUT)
"""All whose message is for the visitor."""
