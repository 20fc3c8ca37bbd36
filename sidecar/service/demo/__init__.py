"""The demo: a private MariaDB with a made-up store, whose customers order and return, live."""

from sidecar.service.demo.daemon import running
from sidecar.service.demo.run import Options, Result, Sidecar, run_demo
from sidecar.service.demo.screen import Screen

__all__ = ["Options", "Result", "Screen", "Sidecar", "run_demo", "running"]
