"""Each role on each route: allowed or refused, as the table of permissions says, also by hand-made requests."""

import re
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from infra.access.logins import GROUPS
from infra.console.authorization import Needs, open_to_all
from infra.console.permissions import GROUPS_OF, Permission, permissions_of
from tests.console.harness import GROUP_OF, OWNER, ROLES, ConsoleUnderTest

OPEN = {"GET /session", "POST /session", "GET /session/link/{token}", "GET /static/{name}"}
"""Routes for whoever is not signed in."""
ROOM = Path(__file__).parents[2] / "infra" / "console"


def _routes(console: ConsoleUnderTest) -> dict[str, Permission | None]:
    """The permission of each route; None where it is open to all."""
    found: dict[str, Permission | None] = {"GET /static/{name}": None}
    for route in [route for group in console.running.state.groups.values() for route in group.router.routes]:
        assert isinstance(route, APIRoute)
        calls = [each.call for each in route.dependant.dependencies]
        needed = [call.permission for call in calls if isinstance(call, Needs)]
        assert needed or open_to_all in calls, f"{route.path} asks for no permission"
        assert len(needed) <= 1, route.path
        for method in route.methods or ():
            found[f"{method} {route.path}"] = needed[0] if needed else None
    return found


async def test_every_route_asks_for_a_permission(console: ConsoleUnderTest) -> None:
    assert {name for name, needed in _routes(console).items() if needed is None} == OPEN


def test_every_permission_is_in_the_table() -> None:
    assert set(GROUPS_OF) == set(Permission)
    assert frozenset().union(*GROUPS_OF.values()) == {*GROUPS} - {"gateway"}  # which is a program's


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_what_the_table_allows(console: ConsoleUnderTest, role: str) -> None:
    session = await console.signed_in(role)
    groups = frozenset() if role == OWNER else frozenset({GROUP_OF[role]})
    allowed = permissions_of(groups, is_owner=role == OWNER)
    for name, needed in _routes(console).items():
        if needed is None:
            continue
        method, path = name.split(" ")
        answer = await session.client.request(method, re.sub(r"{[^}]*}", "x", path), follow_redirects=False)
        said = f"{role} {name}: {answer.status_code} {answer.text}"
        assert answer.status_code < 500, said
        if needed not in allowed:
            assert answer.status_code == 403, said
            assert f"没有“{needed.partition(' ')[0]}”的权限；有这项权限的角色：" in answer.text, said
            assert "数据库所有者" in answer.text, said
        elif method == "GET":
            assert answer.status_code != 403, said
        else:  # it came without the token
            assert answer.status_code == 403, said
            assert "表单已失效" in answer.text, said


async def test_nothing_is_open_to_who_is_not_signed_in(console: ConsoleUnderTest) -> None:
    async with console.client() as client:
        for name, needed in _routes(console).items():
            method, path = name.split(" ")
            if needed is not None:
                answer = await client.request(method, re.sub(r"{[^}]*}", "x", path), follow_redirects=False)
                assert answer.status_code == 303, name
                assert answer.headers["location"].startswith("/session"), name


async def test_the_menu_shows_what_may_be_opened(console: ConsoleUnderTest) -> None:
    for role in ROLES:
        session = await console.signed_in(role)
        page = (await session.get("/")).text
        groups = frozenset() if role == OWNER else frozenset({GROUP_OF[role]})
        allowed = permissions_of(groups, is_owner=role == OWNER)
        entries = [entry for group in console.running.state.groups.values() for entry in group.menu]
        for entry in entries:
            assert (f'<li><a href="{entry.path}"' in page) == (entry.permission in allowed), (role, entry.path)
            assert entry.told or entry.path == "/", entry.path
            for shortcut in entry.shortcuts:
                may = {entry.permission, shortcut.permission or entry.permission} <= allowed
                assert (f'<a href="{shortcut.path}">{shortcut.chinese}</a>' in page) == may, (role, shortcut.path)
                if may:
                    assert (await session.get(shortcut.path)).status_code == 200, (role, shortcut.path)


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    templates = [*ROOM.rglob("templates/*.html")]
    assert templates
    for template in templates:
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), template
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals=.js:|\|\s*safe\b", text), template
        assert not re.search(r"(src|href|action)=[\"']?(https?:)?//", text), template
        assert "post" not in text.lower() or "token()" in text or "ui.form(" in text or "sign-in" in text, template
