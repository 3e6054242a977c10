"""A small disk of a server's own, which a test can fill."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NO_ROOM = "No space left on device"


def mount_disk(folder: Path, size_mb: int) -> str:
    """Give a folder a small disk of its own; returns why not, where that is not permitted."""
    folder.mkdir(mode=0o711)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0711", "none", folder], capture_output=True, check=False
    )
    return done.stderr.decode().strip() if done.returncode else ""


def unmount_disk(folder: Path) -> None:
    """Take the disk away, also while something on it is open."""
    subprocess.run(["umount", "--lazy", folder], check=False)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """The disk filled to its last byte, until the end of the block."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1_000_000)):
            pass
    try:
        yield
    finally:
        filler.unlink()
