"""
The installation's settings: ``config.toml`` as frozen structs.

``settings`` lists them with types and defaults, ``values`` knows how single ones are
written, ``document`` finds and reads the file, ``reading`` puts file, environment and
defaults together. Every error names its key.
"""

from __future__ import annotations

from sidecar.config.document import find
from sidecar.config.reading import load
from sidecar.config.settings import (
    Config,
    Database,
    Http,
    Privacy,
    Rules,
    Shop,
    Sync,
    Upkeep,
)
from sidecar.config.values import Address, Age, Secret

__all__ = [
    "Address",
    "Age",
    "Config",
    "Database",
    "Http",
    "Privacy",
    "Rules",
    "Secret",
    "Shop",
    "Sync",
    "Upkeep",
    "find",
    "load",
]
