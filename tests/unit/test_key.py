"""The installation's key: its file, its hashes, its seals."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.config.key import Key, create_key, read_key, rotate_key
from sidecar.errors import ConfigError


def test_a_key_that_is_read_makes_the_hashes_of_the_one_that_was_made(tmp_path: Path) -> None:
    file = tmp_path / "key"
    made = create_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    read = read_key(file)
    assert read is not None
    assert read.digest("email", "a@example.com") == made.digest("email", "a@example.com")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_no_file_is_no_key(tmp_path: Path) -> None:
    assert read_key(tmp_path / "key") is None


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "key"
    create_key(file)
    was = file.read_bytes()
    with pytest.raises(ConfigError, match="there is a key already"):
        create_key(file)
    assert file.read_bytes() == was


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602])
def test_a_key_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "key"
    create_key(file)
    file.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_key(file)


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "1 abcd\n", "x\n", "0 " + "a" * 64, "1 " + "A" * 64, "\u00e9"]
)
def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigError) as error:
        read_key(file)
    assert "abcd" not in str(error.value)
    assert "AAAA" not in str(error.value)


def test_the_same_number_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"1 {'a' * 64}\n1 {'b' * 64}\n")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="is no key"):
        read_key(file)


def test_after_rotation_new_hashes_are_others_and_old_ones_are_still_known(tmp_path: Path) -> None:
    file = tmp_path / "key"
    old = create_key(file)
    new = rotate_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert new.number == 2
    assert new.digest("email", "x") != old.digest("email", "x")
    assert new.digests("email", "x") == (new.digest("email", "x"), old.digest("email", "x"))
    assert read_key(file) == new


def test_rotation_needs_a_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sidecar key create"):
        rotate_key(tmp_path / "key")


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone/key: cannot be written: No such file"):
        create_key(tmp_path / "gone" / "key")


def test_hashes_differ_by_purpose_and_by_where_a_part_ends() -> None:
    key = Key({1: b"k" * 32})
    assert key.digest("a", "x") != key.digest("b", "x")
    assert key.digest("a", "xy", "z") != key.digest("a", "x", "yz")
    assert key.digest("a", "x", "") != key.digest("a", "x")


def test_only_the_same_key_and_purpose_open_what_was_sealed(tmp_path: Path) -> None:
    key = Key({1: b"k" * 32})
    sealed = key.seal("erasure", b"secret")
    assert b"secret" not in sealed
    assert key.unseal("erasure", sealed) == b"secret"
    rotated = Key({1: b"k" * 32, 2: b"n" * 32})
    assert rotated.unseal("erasure", sealed) == b"secret"
    spoiled = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for other, purpose, value in (
        (Key({1: b"n" * 32}), "erasure", sealed),
        (Key({2: b"k" * 32}), "erasure", sealed),
        (key, "export", sealed),
        (key, "erasure", spoiled),
        (key, "erasure", b""),
    ):
        with pytest.raises(ConfigError, match="does not open"):
            other.unseal(purpose, value)


def test_a_password_is_the_same_for_the_same_salt_and_easily_typed() -> None:
    key = Key({1: b"k" * 32})
    assert key.password("1") == key.password("1") != key.password("2")
    assert [len(group) for group in key.password("1").split("-")] == [4, 4, 4, 4]


def test_a_key_shows_itself_nowhere() -> None:
    assert "6b6b" not in repr(Key({1: b"k" * 32}))
    assert "kkkk" not in repr(Key({1: b"k" * 32}))
