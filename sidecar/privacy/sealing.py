"""Something told to one reader only, through places that others read: sealed with their key."""

from __future__ import annotations

import base64

from sidecar.errors import UsageError

#: Bits of a key of RSA; shorter ones are broken, longer ones take their time.
_SHORTEST, _LONGEST = 2_048, 4_096


def seal(text: str, public_key: str) -> str:
    """
    *text* encrypted for who has the private key of *public_key*, in base64.

    Args:
        public_key: Of RSA, 2,048 to 4,096 bits, as PEM.

    Raises:
        UsageError: It is no such key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(public_key.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError("sealed_for: no public key in PEM") from error
    if not isinstance(key, rsa.RSAPublicKey) or not _SHORTEST <= key.key_size <= _LONGEST:
        raise UsageError(f"sealed_for: no key of RSA with {_SHORTEST} to {_LONGEST} bits")
    # PHP knows OAEP by SHA-1 only, whose collisions do not matter to it.
    oaep = padding.OAEP(padding.MGF1(SHA1()), SHA1(), label=None)  # noqa: S303
    return base64.b64encode(key.encrypt(text.encode(), oaep)).decode()
