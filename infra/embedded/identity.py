"""Becoming the user that embedded servers run as, in the child, between fork and exec.

PostgreSQL refuses root, so under root servers become `nobody`. A checkout or data directory below /root, or in a
private temporary folder, is closed to that user. Where it is, the child keeps one capability of root's: to pass and
read folders whatever their mode (where a container withholds it, the one that also writes). No folder is opened for it.
"""

import ctypes
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE = 2, 1
_CAPABILITY_VERSION_3 = 0x20080522
# Loaded here, because nothing may be imported between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@dataclass(frozen=True)
class User:
    """Numeric identity a server runs under."""

    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        """Whether this process runs as that user."""
        return self.uid == os.geteuid()


def closed_folder(path: Path, user: User) -> Path | None:
    """The first folder at or above `path` that `user` may not pass, None where all are open."""
    if user.is_us:
        return None
    path = path.resolve()
    for folder in [*reversed(path.parents), path]:
        status = folder.stat()
        if status.st_uid == user.uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return folder
    return None


def passage() -> int | None:
    """The number of the capability that lets a server pass closed folders, None where we hold none."""
    header, data = _Header(_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    if _libc.capget(ctypes.byref(header), data):
        return None
    held = (number for number in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE) if data[0].permitted & (1 << number))
    return next(held, None)


def become(user: User, *, through_closed_folders: bool) -> Callable[[], None]:
    """What the child does to become `user`; does nothing where this process is that user."""
    if user.is_us:
        return lambda: None
    capability = passage() if through_closed_folders else None
    bit = 0 if capability is None else 1 << capability
    header, data = _Header(_CAPABILITY_VERSION_3, 0), (_Data * 2)()
    data[0] = _Data(bit, bit, bit)

    def in_child() -> None:
        if capability is not None:
            # keeps capabilities over setuid, and lets access(2), by which initdb finds its programs, count them
            _libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        os.setgroups([])
        os.setgid(user.gid)
        os.setuid(user.uid)
        if capability is not None:
            _libc.capset(ctypes.byref(header), data)
            _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)

    return in_child
