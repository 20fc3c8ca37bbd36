"""``./dev compat``: the integration tests against other servers than the one of CI."""
