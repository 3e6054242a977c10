"""Style sheets and scripts: kept in memory, named by their content, so that a browser asks for each once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment

_TYPES: Mapping[str, str] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
FOR_EVER = "public, max-age=31536000, immutable"
RENDERED = ("base.css", "person.css")
"""What the console shares with the pages that are files; they have a colour for each layer of the ledger."""
SHARED: Mapping[str, tuple[str, str]] = {"leader.css": ("infra.leader_page", "leader_rules.css")}
"""Style sheets that stand in the templates of another package: its page has them too."""


@dataclass(frozen=True, slots=True)
class StaticText:
    """A file as it is sent; ``version`` follows from its content."""

    content: bytes
    media_type: str
    version: str


class StaticTexts:
    """The files by name."""

    def __init__(self, templates: Environment) -> None:
        self._templates = templates
        self._texts = {
            each.name: _text(each.name, each.read_bytes())
            for each in files("infra.console").joinpath("static").iterdir()
            if each.name.rpartition(".")[2] in _TYPES
        }
        self._texts |= {
            name: _text(name, files(package).joinpath("templates", source).read_bytes())
            for name, (package, source) in SHARED.items()
        }
        self.refresh()

    def refresh(self) -> None:
        """Make anew what follows from the terms of the ledger."""
        for name in RENDERED:
            self._texts[name] = _text(name, self._templates.get_template(name).render().encode())

    def get(self, name: str) -> StaticText | None:
        """A file, if there is one."""
        return self._texts.get(name)

    def url(self, name: str) -> str:
        """Where a page finds a file."""
        return f"/static/{name}?v={self._texts[name].version}"


def _text(name: str, content: bytes) -> StaticText:
    return StaticText(content, _TYPES[name.rpartition(".")[2]], hashlib.sha256(content).hexdigest()[:16])
