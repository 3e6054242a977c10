"""Old answers and files are removed, and nothing is done twice for want of them."""

from sqlalchemy import text

from processors.visits.retention import prune
from tests.gateway.national.books import packed, upload
from tests.gateway.national.county import GatewayCounty
from tests.gateway.national.his import line, refusal


async def test_old_answers_and_files_go_and_nothing_is_done_twice(county: GatewayCounty) -> None:
    his, engine = county.his(), county.gateway.engine
    mdtrt_id = await his.stay([line("1", "20000.00")])
    told = await his.settle(mdtrt_id, "20000.00")
    number = await upload(his, packed([["S", "M", "P", 1, 1, 0]]))
    lines = await county.ledger.digest_of_lines(mdtrt_id)
    kept = await prune(engine, 30, "lin")
    assert (kept.answers, kept.files) == (0, 0)
    assert await his.again("2304") == told
    async with engine.begin() as connection:
        msgids = {"msgids": [his.sent[infno]["msgid"] for infno in ("2304", "9101")]}
        for table, moment in (("transactions", "ended_at"), ("statement_files", "at")):
            aged = f"UPDATE gateway.{table} SET {moment} = {moment} - interval '31 days' WHERE msgid = ANY(:msgids)"
            await connection.execute(text(aged), msgids)
    gone = await prune(engine, 30, "lin")
    assert (gone.answers, gone.files) == (2, 1)
    assert "应答已过保存期" in (await refusal(his.again("2304"))).err_msg
    asked = {"fsDownloadIn": {"file_qury_no": number, "filename": "dz.zip"}}
    assert "已过下载期" in (await refusal(his.call("9102", asked))).err_msg
    # another message still finds the settlement, and its lines are as they were
    assert "不能再冲正" in (await refusal(his.withdraw("2304"))).err_msg
    assert (await his.settle(mdtrt_id, "20000.00"))["setlinfo"]["setl_id"] == told["setlinfo"]["setl_id"]
    assert await county.ledger.digest_of_lines(mdtrt_id) == lines
    assert [each["status"] for each in await county.ledger.claims(his.psn_no)] == ["settled"]
    async with engine.connect() as connection:
        noted = await connection.execute(
            text("SELECT actor, answers, login = session_user FROM gateway.prunings WHERE actor = 'lin'")
        )
        assert [tuple(row) for row in noted] == [("lin", 0, True), ("lin", 2, True)]
