"""Under which logins of the database a program serves HTTP."""

import pytest
from sqlalchemy import make_url

from infra.access.logins import Login, create_login, drop_login
from infra.http.address import WrongLogin
from infra.http.program_login import require_program_login
from infra.postgres.engine import connect


@pytest.mark.parametrize(("group", "serves"), [("gateway", True), ("ledger_writer", False), ("finance_reader", False)])
async def test_a_program_serves_under_the_owner_or_a_login_of_its_group(
    database: str, group: str, serves: bool
) -> None:
    owner = connect(database)
    login = Login(f"serves_{group}", group)
    url = make_url(database).set(username=login.name, password=await create_login(owner, login))
    engine = connect(url.render_as_string(hide_password=False))
    try:
        await require_program_login(owner, "gateway", "{login}")
        if serves:
            await require_program_login(engine, "gateway", "{login}")
        else:
            with pytest.raises(WrongLogin, match=f"^{login.name} may not$"):
                await require_program_login(engine, "gateway", "{login} may not")
    finally:
        await engine.dispose()
        await drop_login(owner, login.name)
        await owner.dispose()
