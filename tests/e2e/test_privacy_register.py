"""`[privacy] register`, as the daemon reads it when it starts and when it reloads."""

from __future__ import annotations

import signal

from support.installation import Installation
from support.running import running

_WRONG = "[table.pay]\nkey = 'pay_id'\nrows = 'remove'\n"
_RIGHT = "[table.pay]\nkey = 'pay_id'\nlinks = { order_id = 'order' }\nrows = 'delete'\n"


def test_a_file_that_is_wrong_stops_the_start_and_is_refused_later(
    installation: Installation,
) -> None:
    installation.done("migrate")
    file = installation.folder / "privacy.d" / "pay.toml"
    file.parent.mkdir()
    file.write_text(_WRONG)

    refused = installation.sidecar("run")
    file.write_text(_RIGHT)
    with running(installation) as daemon:
        daemon.hears("READY=1")
        file.write_text(_WRONG)
        daemon.process.send_signal(signal.SIGHUP)
        later = daemon.logged("reload.refused")["error"]

    assert refused.returncode == 78
    assert "privacy.d/pay.toml:3:8: 'rows' is" in refused.stderr
    assert "privacy.d/pay.toml:3:8" in later


def test_the_start_tells_what_is_not_registered(installation: Installation) -> None:
    installation.done("migrate")
    installation.given.execute("CREATE TABLE oc_pay (pay_id INT PRIMARY KEY, payer VARCHAR(9))")
    with running(installation) as daemon:
        told = daemon.logged("register.incomplete")

    assert (told["tables"], told["gaps"]) == ("pay", 1)
