"""A backup is what was written, or is refused."""

from pathlib import Path

import pytest

from infra.postgres.dump import BackupError
from infra.postgres.dump_digest import LINE_BYTES, append_digest, check_digest, has_digest

ARCHIVE = b"PGDMP" + bytes(range(256)) * 3


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.backup"
    file.write_bytes(ARCHIVE)
    append_digest(file)
    return file


def test_a_digest_follows_the_archive_and_leaves_it_as_it_is(backup: Path) -> None:
    assert backup.read_bytes()[:-LINE_BYTES] == ARCHIVE
    assert has_digest(backup)
    check_digest(backup)


def test_any_byte_of_the_archive_or_its_digest_counts(backup: Path) -> None:
    good = backup.read_bytes()
    digits = range(len(good) - 65, len(good) - 1)
    for at in (*range(len(ARCHIVE)), *digits):
        backup.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(BackupError, match="is damaged"):
            check_digest(backup)


def test_a_digest_cut_off_or_followed_by_more_is_refused(backup: Path) -> None:
    good = backup.read_bytes()
    for content in (good[:-1], good[:-64], good + b"\n", good + b"more"):
        backup.write_bytes(content)
        with pytest.raises(BackupError, match="not whole"):
            check_digest(backup)
        with pytest.raises(BackupError, match="not whole"):
            has_digest(backup)


@pytest.mark.parametrize("content", [b"", b"PGDMP", ARCHIVE])
def test_a_file_of_an_older_version_has_none_and_passes(backup: Path, content: bytes) -> None:
    backup.write_bytes(content)
    assert not has_digest(backup)
    check_digest(backup)


def test_a_file_that_is_not_there_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="can't be read"):
        check_digest(tmp_path / "none")
