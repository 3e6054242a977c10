"""What a request may end on: each with its status and words, Chinese first, English beside it."""

from dataclasses import dataclass


class ConsoleError(Exception):
    """A request that is answered by a page that says why; the message is shown."""

    status = 400
    chinese, english = "请求有误", "Bad request"


class BadRequest(ConsoleError):
    """What was asked can't be understood."""


class NotSignedIn(ConsoleError):
    """No session, or one that has ended: the visitor is led to the sign-in page."""

    status = 401
    chinese, english = "请先登录", "Sign in first"


class Forbidden(ConsoleError):
    """This login may not do that."""

    status = 403
    chinese, english = "无权访问", "Not allowed"


class NotFound(ConsoleError):
    """There is nothing under this id."""

    status = 404
    chinese, english = "没有找到", "Not found"


class Refused(ConsoleError):
    """The books do not allow the step; nothing was written."""

    status = 409
    chinese, english = "未能办理", "Not done"


class TakenAlready(ConsoleError):
    """The form was sent before, and its step taken: the visitor is led to ``path``, where that led, with this word."""

    status = 409
    chinese, english = "已经办理", "Taken already"

    def __init__(self, path: str) -> None:
        super().__init__(
            "同一张表单已提交过，没有再办一次；以下是现在的情况。"
            "This very form was sent before; nothing was done twice: this is how it stands"
        )
        self.path = path


class PayloadTooLarge(ConsoleError):
    """The request is larger than anything that is taken."""

    status = 413
    chinese, english = "文件过大", "Too large"


class TriedTooOften(ConsoleError):
    """Passwords were tried too often; ``wait_s`` seconds must pass."""

    status = 429
    chinese, english = "请稍候再试", "Wait before you try again"

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"登录失败次数过多，请 {wait_s} 秒后再试。Too many failures: try again in {wait_s} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class FieldTrouble:
    """What is wrong with a field of a form or of an address."""

    field: str
    chinese: str
    english: str


class Unprocessable(ConsoleError):
    """Input that can't be used; names its fields."""

    status = 422
    chinese, english = "填写有误", "Input that can't be used"

    def __init__(self, *troubles: FieldTrouble) -> None:
        super().__init__("；".join(f"{each.field}：{each.chinese} {each.english}" for each in troubles))
        self.troubles = troubles
