"""
Whether this processor can run the Polars that is installed.

Polars asks the processor itself, by code that it writes into memory, which the service may
not; without asking, the first instruction that is missing ends the program. So this is
found out without importing Polars.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from sidecar.errors import ConfigError
from sidecar.service.doctor.finding import Finding

CPUINFO = Path("/proc/cpuinfo")

#: What Polars calls a feature, where it is no name that Linux has for it too.
_LINUX_NAMES = {
    "sse3": "pni",
    "cmpxchg16b": "cx16",
    "sse4.1": "sse4_1",
    "sse4.2": "sse4_2",
    "lzcnt": "abm",
}

#: Leaf, register (a, b, c, d) and bit of each feature, as the C library knows the processor.
_BITS: Mapping[str, tuple[int, int, int]] = {
    "sse3": (0, 2, 0),
    "pclmulqdq": (0, 2, 1),
    "ssse3": (0, 2, 9),
    "fma": (0, 2, 12),
    "cmpxchg16b": (0, 2, 13),
    "sse4.1": (0, 2, 19),
    "sse4.2": (0, 2, 20),
    "movbe": (0, 2, 22),
    "popcnt": (0, 2, 23),
    "avx": (0, 2, 28),
    "bmi1": (1, 1, 3),
    "avx2": (1, 1, 5),
    "bmi2": (1, 1, 8),
    "lzcnt": (2, 2, 5),
}

#: Builds of Polars in the order in which it takes them, by what it calls them.
_BUILDS = {
    "compat": "_polars_runtime_compat",
    "64": "_polars_runtime_64",
    "32": "_polars_runtime_32",
}

_MEND = "pip install 'polars[rtcompat]'"

_X86 = frozenset({"x86_64", "amd64", "i686", "i386"})


def check_processor() -> Finding:
    """Whether this processor can run us; imports no Polars."""
    build = installed_build(os.environ)
    if build is None:
        return Finding(
            "processor.polars",
            "error",
            "Polars is not installed",
            "nothing works",
            "pip install polars",
        )
    return judge(
        build, needed_features(build), platform.machine(), features_of(_read(CPUINFO)) or asked()
    )


def require_processor() -> None:
    """
    Refuse to go on where Polars would end the program without a word; imports no Polars.

    Raises:
        ConfigError: This processor cannot run us. The daemon itself has to say so by its exit
            code: systemd starts it again and again when only a command before it fails.
    """
    finding = check_processor()
    if finding.state == "error":
        raise ConfigError("processor", finding.found, finding.mend)


def judge(build: str, needed: frozenset[str], machine: str, present: frozenset[str]) -> Finding:
    """
    Whether a processor runs a build of Polars.

    Args:
        build: What Polars calls it: ``32``, ``64`` or ``compat``.
        needed: Features by Polars' names.
        machine: As `platform.machine` says it.
        present: Features by Polars' names; none: not known.
    """
    check, name = "processor.polars", f"this processor ({machine})"
    if machine.lower() not in _X86 or not needed:
        return Finding(check, "ok", f"{name} can run Polars")
    if not present:
        return Finding(
            check,
            "note",
            f"what {name} can do is not known: neither /proc/cpuinfo nor the C library says it",
            "where Polars does not run on it, the program dies with an illegal instruction",
            f"if it does: {_MEND}",
        )
    polars = f"the installed Polars (runtime {build})"
    if missing := sorted((needed & _BITS.keys()) - present):
        return Finding(
            check,
            "error",
            f"{name} lacks {', '.join(missing)}, which {polars} needs",
            "the program would die with an illegal instruction",
            f"{_MEND}, in the environment that the program is installed in",
        )
    if unknown := sorted(needed - _BITS.keys()):
        return Finding(
            check,
            "note",
            f"{polars} needs {', '.join(unknown)}, which cannot be looked for here",
            f"where {name} lacks it, the program dies with an illegal instruction",
            f"if it does: {_MEND}",
        )
    return Finding(check, "ok", f"{name} can run {polars}")


def features_of(cpuinfo: str) -> frozenset[str]:
    """
    The features that every processor of *cpuinfo* has, by Polars' names.

    Args:
        cpuinfo: As ``/proc/cpuinfo`` of x86 says it; none when it has no flags.
    """
    flags = [
        frozenset(line.partition(":")[2].split())
        for line in cpuinfo.splitlines()
        if line.partition(":")[0].strip() == "flags"
    ]
    if not flags:
        return frozenset()
    everywhere = frozenset.intersection(*flags)
    return frozenset(name for name in _BITS if _LINUX_NAMES.get(name, name) in everywhere)


def asked() -> frozenset[str]:
    """
    The same from the C library, which needs no /proc; none where it cannot tell.

    The service's sandbox (``ProcSubset=pid``) hides /proc/cpuinfo. glibc has told since 2.33.
    """

    class Leaf(ctypes.Structure):
        _fields_ = (("cpuid", ctypes.c_uint32 * 4), ("active", ctypes.c_uint32 * 4))

    try:
        leaf_of = ctypes.CDLL(None)["__x86_get_cpuid_feature_leaf"]
    except (OSError, AttributeError, TypeError):
        return frozenset()
    leaf_of.restype, leaf_of.argtypes = ctypes.POINTER(Leaf), [ctypes.c_uint]
    leaves = [leaf_of(number).contents for number in range(3)]
    return frozenset(
        name
        for name, (leaf, register, bit) in _BITS.items()
        if leaves[leaf].active[register] >> bit & 1
    )


def installed_build(environ: Mapping[str, str]) -> str | None:
    """The build that Polars will take, by its own order; None: none is installed."""
    forced = environ.get("POLARS_FORCE_PKG")
    preferred = environ.get("POLARS_PREFER_PKG")
    order = [forced] if forced else [*([preferred] if preferred else []), *_BUILDS]
    there = (name for name in order if name in _BUILDS and importlib.util.find_spec(_BUILDS[name]))
    return next(there, None)


def needed_features(build: str) -> frozenset[str]:
    """What *build* was compiled for; none: nothing special."""
    try:
        # A module of one constant: it does not load the build itself.
        module = importlib.import_module(f"{_BUILDS[build]}.build_feature_flags")
    except ImportError:
        return frozenset()
    flags = str(getattr(module, "BUILD_FEATURE_FLAGS", "")).split(",")
    # `ctr-static` says how it was linked.
    return frozenset(flag[1:] for flag in flags if flag.startswith("+")) - {"ctr-static"}


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
