"""Names that a function knows, as a mapping."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any


class NamedBy(Mapping[Any, str]):
    """Codes by what a function calls them; it knows every code, and lists none."""

    def __init__(self, name: Callable[[Any], Any]) -> None:
        self._name = name

    def __getitem__(self, code: Any) -> str:
        return str(self._name(code))

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0
