"""Files of reconciliation, up and down (9101, 9102): each hospital's own."""

import asyncio
from collections.abc import Mapping
from typing import Any

from infra.gateway.national.call import Call, NationalRefused
from infra.gateway.national.fields import node_of, read_node
from infra.gateway.national.file_reply import FileContent, file_of, uploaded_bytes
from infra.gateway.national.reconciliation_nodes import DownloadNode, UploadNode
from infra.gateway.national.registry import transaction
from infra.gateway.national.settlement_reply import moment_text
from infra.gateway.national.statement_text import zipped_text
from infra.gateway.services import Services
from processors.visits.statement_files import keep_file, own_file

_PATHS = ("/", "\\", "..")


@transaction("9101")
async def upload(services: Services, call: Call) -> Mapping[str, Any]:
    """文件上传: a zip file with one text, which can be read within the bounds."""
    node = read_node(UploadNode, node_of(call.input, "fsUploadIn"), "fsUploadIn")
    if any(part in node.filename for part in _PATHS) or not node.filename.isprintable():
        raise NationalRefused("filename（文件名）不得带路径或控制字符：请改正后重发")
    content = uploaded_bytes(node.content)
    await asyncio.to_thread(zipped_text, content)
    file = file_of(call, "uploaded", content, node.filename)
    async with services.transaction() as connection:
        await keep_file(connection, file)
    return {
        "file_qury_no": file.file_qury_no,
        "filename": file.filename,
        "fixmedins_code": file.fixmedins_code,
        "dld_endtime": moment_text(file.downloadable_until),
    }


@transaction("9102", kept=False)
async def download(services: Services, call: Call) -> FileContent:
    """文件下载: another hospital's file is told in the words of one that does not exist."""
    node = read_node(DownloadNode, node_of(call.input, "fsDownloadIn"), "fsDownloadIn")
    async with services.engine.connect() as connection:
        file = await own_file(connection, call.fixmedins_code, node.file_qury_no)
    if file is None:
        raise NationalRefused(f"file_qury_no（文件查询号）{node.file_qury_no} 不存在或已过下载期：请核对")
    return FileContent(file.content)
