"""Calls that can't be understood: told in Chinese with the English beside it, and what is allowed."""

import errno
import re
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

from infra.cli.command_table import CommandTable
from infra.cli.output import fail, note

_SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), chinese)
    for pattern, chinese in (
        (r"Missing (?:option|parameter) '?(?P<name>[^']+)'?", "缺少选项 {name}"),
        (r"Missing argument '?(?P<name>[^']+?)'?\.", "缺少参数 {name}"),
        (r"Missing command", "缺少子命令"),
        (r"No such option: (?P<name>\S+)", "没有选项 {name}"),
        (r"No such command '(?P<name>.*?)'\.", "没有命令 {name}"),
        (r"Got unexpected extra argument(?:s|\(s\))? \((?P<name>.*)\)", "多余的参数 {name}"),
        (r"Option '?(?P<name>.+?)'? requires (?:an|\d+) arguments?", "选项 {name} 后面要有值"),
        (r"Option '?(?P<name>.+?)'? does not take a value", "选项 {name} 后面不带值"),
        (r"Invalid value for '?(?P<name>.+?)'?: (?:Value error, )?'(?P<value>.*?)' is not one of (?P<all>.*)",
         "{name} 的值 {value} 不可用，可用的有 {all}"),
        (r"Invalid value for '?(?P<name>.+?)'?: Input should be greater than or equal to (?P<least>\S+)",
         "{name} 不能小于 {least}"),
        (r"Invalid value for '?(?P<name>.+?)'?: Input should be less than or equal to (?P<most>\S+)",
         "{name} 不能大于 {most}"),
        (r"Invalid value for '?(?P<name>.+?)'?: Input should be a valid integer", "{name} 应为整数"),
        (r"Invalid value for '?(?P<name>.+?)'?:", "{name} 的值不可用"),
    )
)  # fmt: skip
_FILE_TROUBLE = {
    errno.ENOENT: "没有这个文件或目录",
    errno.EACCES: "没有权限",
    errno.EPERM: "不允许这样做",
    errno.EISDIR: "这是一个目录，应为文件",
    errno.ENOTDIR: "路径中有一段不是目录",
    errno.EEXIST: "已有同名文件",
    errno.ENOSPC: "磁盘已满",
    errno.EROFS: "磁盘只读",
    errno.ENAMETOOLONG: "文件名太长",
    errno.ECONNREFUSED: "连接被拒，服务器没有运行",
}


class Commands(TyperGroup):
    """All commands; what typer says of a call that it does not understand is said in Chinese first."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": None})
        self.commands = CommandTable()  # type: ignore[assignment] # nothing is added to it

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; exits with 2 for a call that can't be understood."""
        call = partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return call()
        try:
            code = call()
        except Abort:
            fail("已放弃 given up")
            sys.exit(1)
        except TyperException as error:
            _tell(error)
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)


def _tell(error: TyperException) -> None:
    context = getattr(error, "ctx", None)
    if not error.message and not isinstance(error, typer.BadParameter):
        return  # the help has been printed in its place
    fail(_sentence(error))
    if context is None:
        return
    allowed = getattr(context.command, "commands", None)
    if error.message.startswith(("No such command", "Missing command")) and allowed:
        note(f"可用的命令 commands: {'、'.join(sorted(allowed))}")
    if error.message.startswith("No such option"):
        options = [name for each in context.command.params for name in each.opts if name.startswith("--")]
        note(f"可用的选项 options: {'、'.join([*options, '--help'])}")
    note(f"帮助 help: {context.command_path} --help")


def _sentence(error: TyperException) -> str:
    english = error.format_message()
    if isinstance(error, typer.BadParameter) and re.match(r"[^\x00-\x7f]|\S+[：:]? ?[^\x00-\x7f]", error.message):
        hint = english.removesuffix(error.message).removeprefix("Invalid value").strip(" :").removeprefix("for ")
        return f"{hint}: {error.message}" if hint else error.message
    english = re.sub(r"\s*\n\s*", " ", english)  # each of what may be chosen stands on a line of its own
    for pattern, chinese in _SENTENCES:
        found = pattern.match(english)
        if found is not None:
            return f"{chinese.format_map(found.groupdict())}。{english}"
    return f"命令不可用。{english}"


def file_trouble(error: OSError) -> str:
    """Why a file or a connection can't be used: in Chinese, then as the system says it, with the file's name."""
    name = f"{error.filename}: " if error.filename else ""
    chinese = _FILE_TROUBLE.get(error.errno or 0, "文件或网络不可用")
    return f"{name}{chinese} {error.strerror or error}"
