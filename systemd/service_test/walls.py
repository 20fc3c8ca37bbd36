"""What is tried of the unit's walls and of its drop-ins, each as the guide has people use it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from systemd.deb.tree import PROJECT
from systemd.service_test.container import Container, StepError
from systemd.service_test.steps import UNIT

DROP_INS = PROJECT / "systemd/drop-ins"
FAILURE = PROJECT / "systemd/opencart-sidecar-failure@.service"

#: In the drop-in for a database on another machine; a range that is nobody's.
ADDRESS = "192.0.2.10"

_OLD_PROCESSOR = """
from sidecar.service.doctor import processor
processor.asked = lambda: frozenset({"sse3"})
processor.needed_features = lambda build: frozenset({"sse3", "avx2"})
"""

_SENDMAIL = """#!/bin/sh
test "$1" = -t
cat >/tmp/mail.new
mv /tmp/mail.new /tmp/mail
"""


def only_what_is_allowed_is_reached(container: Container) -> str:
    """A database at another address answers when the drop-in names it, and not before."""
    unit, settings = "opencart-sidecar@second.service", container.root / "etc/opencart-sidecar"
    config = settings / "second.toml"
    config.write_text(
        f'[database]\nhost = "{ADDRESS}"\nuser = "far"\nname = "second"\n\n'
        '[rules]\ndirectory = "second.d"\n'
    )
    everywhere = container.root / "etc/mysql/mariadb.conf.d/99-everywhere.cnf"
    everywhere.write_text("[mysqld]\nbind-address = 0.0.0.0\n")
    container.run(
        f"ip address add {ADDRESS}/32 dev lo\n"
        "systemctl restart mariadb\n"
        "mariadb <<'END'\n"
        "CREATE USER far@'%' IDENTIFIED BY 'it\\'s secret';\n"
        "GRANT ALL ON second.* TO far@'%';\n"
        "END\n"
        "chown opencart-sidecar: /etc/opencart-sidecar/second.toml\n"
        f"systemctl start --no-block {unit}"
    )
    # People reach it, the daemon does not.
    container.wait(
        "refused", f"journalctl -o cat -u {unit} | grep -q '{ADDRESS}.*no server answers'", 60
    )
    folder = _use(container, "remote-database.conf", f"{unit}.d")
    container.run(f"systemctl restart --no-block {unit}")
    took_s = container.wait("reached", f"systemctl --quiet is-active {unit}", 60)
    container.run(f"systemctl stop {unit}")
    shutil.rmtree(folder)
    config.unlink()
    return f"{took_s:.1f} s after the drop-in"


def no_network_at_all(container: Container) -> str:
    """By the database's socket it works without a network."""
    folder = _use(container, "socket-only.conf")
    container.run(f"systemctl restart {UNIT}")
    container.wait("ready", "python3 /srv/health.py", 60)
    exposure = container.run(f"systemd-analyze security --no-pager {UNIT} | tail -n 1").strip()
    _away(container, folder)
    return exposure.partition(": ")[2]


def a_store_in_a_home_is_read(container: Container) -> str:
    """The store's folder in /home, for its own group only, is seen through the drop-in alone."""
    home, config = "/home/shop/public_html", "/etc/opencart-sidecar/config.toml"
    container.run(
        "install -d /home/shop /home/other\n"
        f"cp -r /var/www/shop {home}\n"
        f"chown -R root:www-data {home}\n"
        f"chmod -R o= {home}\n"
        f"sed -i 's#^directory = .*#directory = \"{home}\"#' {config}"
    )
    asked = _drop(container, "asks.conf", f"ExecStartPre=/usr/bin/sidecar --config {config} doctor")
    seen = f"ok .*{home} is this store"
    container.run(f"systemctl restart {UNIT}")
    if _said(container, seen):
        raise StepError(f"{home} is seen without the drop-in")
    _use(container, "store-directory.conf", uncomment=True)
    container.run(f"systemctl restart {UNIT}")
    if not _said(container, seen):
        raise StepError(container.run(f"journalctl --no-pager -o cat -u {UNIT} | tail -n 80"))
    process = container.run(f"systemctl show -P MainPID {UNIT}").strip()
    beside = container.run(f"ls /proc/{process}/root/home").split()
    if beside != ["shop"]:
        raise StepError(f"the daemon sees {beside} in /home")
    container.run(f"sed -i 's#^directory = .*#directory = \"/var/www/shop\"#' {config}")
    _away(container, asked)
    return ""


def a_failure_is_mailed(container: Container) -> str:
    """A processor that lacks something keeps the daemon down, and tells somebody."""
    (container.root / "srv/old").mkdir()
    (container.root / "srv/old/sitecustomize.py").write_text(_OLD_PROCESSOR)
    sendmail = container.root / "usr/sbin/sendmail"
    sendmail.write_text(_SENDMAIL)
    sendmail.chmod(0o755)
    shutil.copy(FAILURE, container.root / "etc/systemd/system")
    folder = _use(container, "on-failure.conf")
    _drop(container, "old.conf", "Environment=PYTHONPATH=/srv/old")
    container.run(f"! systemctl restart {UNIT}")
    container.wait("mailed", "test -s /tmp/mail", 15)
    # Longer than it would wait before it started again.
    container.run(f"sleep 5\nsystemctl --quiet is-failed {UNIT}")
    ended = container.run(f"systemctl show -p ExecMainStatus -p NRestarts {UNIT}").split()
    mail = container.run("cat /tmp/mail")
    for expected in ("To: root", f"Subject: {UNIT} failed on shop", "lacks avx2", "status=78"):
        if expected not in mail:
            raise StepError(f"no {expected!r} in:\n{mail}")
    if sorted(ended) != ["ExecMainStatus=78", "NRestarts=0"]:
        raise StepError(f"{ended}")
    sendmail.unlink()
    _away(container, folder)
    return "exit code 78, no restart"


def _use(
    container: Container, name: str, folder: str = f"{UNIT}.d", *, uncomment: bool = False
) -> Path:
    """Copy a drop-in as the guide says; returns the folder that it is in."""
    text = (DROP_INS / name).read_text()
    if uncomment:
        text = re.sub(r"^#(?=\w+=)", "", text, flags=re.M)
    place = container.root / "etc/systemd/system" / folder
    place.mkdir(exist_ok=True)
    (place / name).write_text(text)
    container.run("systemctl daemon-reload")
    return place


def _drop(container: Container, name: str, line: str) -> Path:
    place = container.root / f"etc/systemd/system/{UNIT}.d"
    place.mkdir(exist_ok=True)
    (place / name).write_text(f"[Service]\n{line}\n")
    container.run("systemctl daemon-reload")
    return place


def _said(container: Container, pattern: str) -> bool:
    """Whether the unit said *pattern* since it was started last."""
    since = f"_SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID {UNIT})"
    asking = f"journalctl --no-pager -o cat {since} | grep -q '{pattern}' && echo yes || echo no"
    return container.run(asking).strip() == "yes"


def _away(container: Container, folder: Path) -> None:
    shutil.rmtree(folder)
    container.run(f"systemctl daemon-reload\nsystemctl restart {UNIT}")
