"""
The composition root: the one place where the parts are put together.

``sidecar`` has what an installation can do, ``view`` what there is to see, ``requests`` what
people ask for, ``duties`` the daemon's work.
"""

from sidecar.app.sidecar import Sidecar, open_sidecar

__all__ = ["Sidecar", "open_sidecar"]
