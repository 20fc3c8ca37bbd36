"""Giving memory back."""

from __future__ import annotations

import ctypes

import pytest

from sidecar.daemon import memory
from sidecar.daemon.vitals import resident_mb


def test_freed_memory_goes_back_to_the_system() -> None:
    some = [bytes([number % 256]) * 1_000 for number in range(60_000)]
    kept = bytes(1_000)  # at the end of the heap, which so cannot shrink from there
    held = resident_mb()
    del some
    memory.give_back()

    assert kept
    assert resident_mb() < held - 30


def test_a_c_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())

    memory.give_back()
