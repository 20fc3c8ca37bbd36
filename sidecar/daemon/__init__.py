"""
The daemon: what `sidecar run` does until it is stopped.

``loop`` is the loop; ``work`` says what it asks for, and ``duties`` does that; ``schedule``
says when; ``signals``, ``files`` and ``systemd`` are how the world outside talks to it.
"""
