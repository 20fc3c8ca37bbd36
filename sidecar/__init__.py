"""OpenCart Sidecar: facts, rules and their results beside an OpenCart store."""

__version__ = "0.1.0"
