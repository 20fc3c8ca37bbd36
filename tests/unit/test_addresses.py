"""Addresses and numbers as they are compared."""

from __future__ import annotations

import pytest

from sidecar.rules.privacy.addresses import email_key, telephone_key


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        (" Ann@Example.COM ", "ann@example.com"),
        ("a.n.n+shop@example.com", "a.n.n+shop@example.com"),
        ("ann@xn--bcher-kva.example", "ann@b\u00fccher.example"),
        ("ann@B\u00dcCHER.example", "ann@b\u00fccher.example"),
        ("\uff41nn@example.com", "ann@example.com"),
        ("no address", "no address"),
        ("", ""),
        ("a" * 300 + "@example.com", "a" * 300 + "@example.com"),
    ],
)
def test_addresses_that_reach_the_same_person_are_compared_as_one(
    written: str, compared: str
) -> None:
    assert email_key(written) == compared


@pytest.mark.parametrize(
    ("written", "country", "compared"),
    [
        ("030 123456", "DE", "+4930123456"),
        ("+49 (0)30 123456", None, "+4930123456"),
        ("0049 30/123456", "DE", "+4930123456"),
        ("030 123456", None, "030123456"),
        ("ask my wife", "DE", ""),
        ("", None, ""),
    ],
)
def test_numbers_are_compared_as_they_are_dialled(
    written: str, country: str | None, compared: str
) -> None:
    assert telephone_key(written, country) == compared
