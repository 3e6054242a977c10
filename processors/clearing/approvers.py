"""Two persons: told apart by the ids they type, and by the logins of the database where a login is one person's."""

from typing import NamedTuple

from processors.clearing.refusal import ClearingRefused


class Who(NamedTuple):
    """Who took a step. ``login`` is None where it tells nothing: the database's owner is whoever runs the program."""

    actor: str
    login: str | None

    def is_same(self, other: "Who") -> bool:
        """Whether one person may have taken both steps."""
        return self.actor.casefold() == other.actor.casefold() or self._shares_login(other)

    def must_differ(self, first: "Who", did: str, must: str) -> None:
        """Raises ``ClearingRefused`` where this may be the person who ``did`` the first step."""
        if self.actor.casefold() == first.actor.casefold():
            raise ClearingRefused(f"{self.actor} {did}: another person must {must}")
        if self._shares_login(first):
            raise ClearingRefused(
                f"login {self.login} {did}, as {first.actor}: another person must {must}, under a login of his own"
            )

    def _shares_login(self, other: "Who") -> bool:
        return self.login is not None and self.login == other.login
