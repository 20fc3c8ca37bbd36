"""
The installation's key: hashes that only we can compute, and values that only we can read.

It lives in a file of its own, never in the database or a log. Rotating it adds a key:
the newest makes what is new, the older ones still know what they made.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.errors import ConfigError

_BYTES = 32
_LINE = re.compile(rf"([1-9][0-9]{{0,3}}) ([0-9a-f]{{{2 * _BYTES}}})", re.ASCII)

_ABOUT = """\
# The key of an OpenCart Sidecar installation: keep it secret, and a copy of it apart from
# the database's backups. Without it nobody can say whom the journal of erasures means.
"""


@dataclass(frozen=True, slots=True)
class Key:
    """
    The keys of an installation, of which the newest makes hashes and seals.

    Attributes:
        secrets: By number, ascending; never shown.
    """

    secrets: dict[int, bytes] = field(repr=False)

    @property
    def number(self) -> int:
        """Of the newest key."""
        return max(self.secrets)

    def digest(self, purpose: str, *parts: str, number: int | None = None) -> str:
        """
        A keyed hash of *parts*, as 64 hexadecimal digits.

        Args:
            purpose: Hashes of different purposes have nothing in common.
            number: Of the key; None: the newest.
        """
        text = b"".join(len(part).to_bytes(8, "big") + part for part in map(_encoded, parts))
        secret = self._derived(f"digest:{purpose}", self.number if number is None else number)
        return hmac.new(secret, text, hashlib.sha256).hexdigest()

    def digests(self, purpose: str, *parts: str) -> tuple[str, ...]:
        """What `digest` gives or once gave for *parts*: by every key, the newest first."""
        numbers = sorted(self.secrets, reverse=True)
        return tuple(self.digest(purpose, *parts, number=number) for number in numbers)

    def password(self, salt: str) -> str:
        """A password of 80 bits that is the same for the same *salt*, in groups of four."""
        secret = hashlib.sha256(bytes.fromhex(self.digest("password", salt))).digest()
        text = base64.b32encode(secret[:10]).decode().lower()
        return "-".join(text[start : start + 4] for start in range(0, len(text), 4))

    def seal(self, purpose: str, value: bytes) -> bytes:
        """*value* encrypted, so that only `unseal` with the same *purpose* reads it."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, number = os.urandom(12), self.number
        sealed = AESGCM(self._derived(f"seal:{purpose}", number)).encrypt(nonce, value, None)
        return number.to_bytes(2, "big") + nonce + sealed

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """
        What `seal` was given.

        Raises:
            ConfigError: The key is another, or the value was changed.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        number = int.from_bytes(sealed[:2], "big")
        try:
            secret = self._derived(f"seal:{purpose}", number)
            return AESGCM(secret).decrypt(sealed[2:14], sealed[14:], None)
        except (KeyError, InvalidTag, ValueError):
            raise ConfigError(
                "privacy.key_file",
                "the key does not open what this installation sealed",
                "it is another installation's, or a key was taken out of the file",
            ) from None

    def _derived(self, purpose: str, number: int) -> bytes:
        return hmac.new(self.secrets[number], purpose.encode(), hashlib.sha256).digest()


def _encoded(part: str) -> bytes:
    return part.encode("utf-8", "surrogatepass")


def read_key(file: Path) -> Key | None:
    """
    The installation's key; None when there is no such *file*.

    Raises:
        ConfigError: It cannot be read, others may read it, or it is no key.
    """
    try:
        mode = file.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise _error(file, "others than its owner can read it", f"chmod 600 {file}")
        lines = file.read_text("ascii").splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _error(file, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise _error(file, "is no key") from None
    return _parsed(file, [line for line in lines if line and not line.startswith("#")])


def _parsed(file: Path, lines: Sequence[str]) -> Key:
    found: dict[int, bytes] = {}
    for line in lines:
        match = _LINE.fullmatch(line.strip())
        if match is None or int(match[1]) in found:
            raise _error(file, "is no key", "restore it from its copy")
        found[int(match[1])] = bytes.fromhex(match[2])
    if not found:
        raise _error(file, "is empty", "restore it from its copy")
    return Key(found)


def create_key(file: Path) -> Key:
    """
    Make the installation's key.

    Raises:
        ConfigError: There is one already, or it cannot be written.
    """
    return _write(file, Key({1: secrets.token_bytes(_BYTES)}), is_new=True)


def rotate_key(file: Path) -> Key:
    """
    Add a key to those in *file*; what the others made they still know.

    Raises:
        ConfigError: There is none yet, or it cannot be read or written.
    """
    key = read_key(file)
    if key is None:
        raise _error(file, "there is no key yet", "make it with `sidecar key create`")
    added = {**key.secrets, key.number + 1: secrets.token_bytes(_BYTES)}
    return _write(file, Key(added), is_new=False)


def _write(file: Path, key: Key, *, is_new: bool) -> Key:
    lines = [f"{number} {secret.hex()}\n" for number, secret in sorted(key.secrets.items())]
    written = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        number = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w") as out:
            out.write(_ABOUT + "".join(lines))
            out.flush()
            os.fsync(out.fileno())
        try:
            if is_new:
                os.link(written, file)  # fails where there is one, also one of this moment
            else:
                _keep_owner(file, written)
                written.replace(file)
        finally:
            written.unlink(missing_ok=True)
        _sync_folder(file.parent)
    except FileExistsError:
        raise _error(file, "there is a key already", "`sidecar key rotate` adds one") from None
    except OSError as error:
        raise _error(file, f"cannot be written: {error.strerror}") from error
    return key


def _keep_owner(file: Path, written: Path) -> None:
    was = file.stat()
    if (was.st_uid, was.st_gid) != (written.stat().st_uid, written.stat().st_gid):
        os.chown(written, was.st_uid, was.st_gid)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _error(file: Path, problem: str, hint: str = "") -> ConfigError:
    return ConfigError("privacy.key_file", f"{file}: {problem}", hint)
