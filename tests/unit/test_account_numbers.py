"""Numbers of bank accounts, and the keys under which they are sealed."""

import hmac
import os
from pathlib import Path

import pytest

from infra.files.key_file import PAYEES, KeyFileError, key_file_of, read_keys, write_keys
from infra.settings import Settings
from processors.bank.account_numbers import account_number, bank_code, is_doubtful_card, masked, passes_luhn
from processors.offices.keys import KeyRing, key_text, new_key
from processors.offices.refusal import StepRefused


def test_an_account_is_digits_whatever_stands_between_them() -> None:
    assert account_number(" 6217 0000-0000 0000 005 ") == "6217000000000000005"
    assert account_number("６２１７００００") == "62170000"
    for none in ("", "1234567", "62A70000", "1" * 33, "-", "00000000", "²²²²²²²²"):
        with pytest.raises(ValueError, match="digits"):
            account_number(none)
    assert bank_code("1022 4200 0018") == "102242000018"
    with pytest.raises(ValueError, match="12 digits"):
        bank_code("10224200001")


def test_a_card_s_check_digit() -> None:
    # the example of ISO/IEC 7812-1: 7992739871 has the check digit 3
    assert [digit for digit in range(10) if passes_luhn(f"7992739871{digit}")] == [3]
    assert not is_doubtful_card("6217000000000000004")
    assert is_doubtful_card("6217000000000000005")
    assert is_doubtful_card("6217000000000000040")  # two digits exchanged
    assert not is_doubtful_card("1502000000000000001")  # an institution's account of 19 digits has no check digit
    assert masked("6217000000000000005") == "****0005"


def test_what_is_sealed_is_opened_by_its_own_key_for_its_own_payee_only() -> None:
    old, new = new_key(), new_key()
    first = KeyRing([old])
    sealed = first.seal(b"6217", "person/P1/1")
    both = KeyRing([new, old])
    assert both.current != first.current
    assert both.open(first.current, sealed, "person/P1/1") == b"6217"
    with pytest.raises(StepRefused, match="was changed"):
        both.open(first.current, sealed, "person/P2/1")  # nobody moves a sealed account to another payee
    with pytest.raises(StepRefused, match="was changed"):
        both.open(first.current, bytes([sealed[0] ^ 1]) + sealed[1:], "person/P1/1")
    with pytest.raises(StepRefused, match=f"key {first.current} lacks"):
        KeyRing([new]).open(first.current, sealed, "person/P1/1")
    assert sealed != first.seal(b"6217", "person/P1/1")
    assert key_text(old) not in repr(both)


def test_a_blind_index_finds_what_equals_and_tells_nothing_without_the_key() -> None:
    old, new = new_key(), new_key()
    first, both = KeyRing([old]), KeyRing([new, old])
    index = first.index(b"6217", "accounts")
    assert index == KeyRing([old]).index(b"6217", "accounts")
    assert index in both.indexes(b"6217", "accounts")  # found before it is sealed anew
    assert both.index(b"6217", "accounts") != index
    others = (
        first.index(b"6218", "accounts"),
        first.index(b"6217", "persons"),
        KeyRing([new]).index(b"6217", "accounts"),
    )
    assert index not in others
    assert index != hmac.digest(old, b"6217", "sha256")  # the key that seals makes no index itself


def test_the_key_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    with pytest.raises(KeyFileError, match="claims payees new-key"):
        read_keys(path, PAYEES)
    keys = [new_key(), new_key()]
    write_keys(path, PAYEES, keys)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_keys(path, PAYEES) == keys
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_keys(path, PAYEES)
    path.chmod(0o600)
    secret = key_text(keys[0])
    for text in ("", "# none\n", f"{secret[:-4]}\n", f"{secret} {secret}\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(KeyFileError) as refused:
            read_keys(path, PAYEES)
        assert secret[:16] not in str(refused.value)


def test_the_key_file_stands_beside_the_data_folder_or_where_it_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "county"
    assert key_file_of(Settings(data_dir=folder), PAYEES) == tmp_path / "county-payees.key"
    assert key_file_of(Settings(data_dir=folder, payees_key=tmp_path / "k"), PAYEES) == tmp_path / "k"
    here = Path(os.path.relpath(folder))
    assert key_file_of(Settings(data_dir=here), PAYEES).parent == tmp_path
