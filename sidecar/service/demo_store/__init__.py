"""
A made-up store in OpenCart's schema, for the demo, the tests and the benches.

Every row follows from the seed and its own id, so the same seed gives the same
store whatever the order and size in which its rows are written. Nobody in it is
real: e-mail addresses use reserved domains, telephone numbers and IPs reserved ranges.
"""

from sidecar.service.demo_store.store import create_store, generate

__all__ = ["create_store", "generate"]
