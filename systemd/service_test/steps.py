"""What is tried of the service, in order; each takes up where the one before left off."""

from __future__ import annotations

import json
import time

from systemd.service_test import shop
from systemd.service_test.container import Container, StepError

UNIT = "opencart-sidecar.service"
AS_SERVICE = "sudo -u opencart-sidecar sidecar"

#: The most that `systemd-analyze security` may say; 10 is the least safe.
MOST_EXPOSURE = 1.2


def tag_appears(container: Container) -> str:
    """Three orders make a customer regular."""
    customer = shop.customer_with_few_orders(container)
    shop.order_three_times(container, customer)
    took_s = container.wait("tagged", _holds(customer, "regular"), 30)
    return f"customer {customer} after {took_s:.1f} s"


def reload_applies_a_rule(container: Container) -> str:
    """A rule that is written is applied when the service is reloaded, by the same process."""
    before = _show(container, "MainPID")
    rule = '[[tag]]\nname = "in a hurry"\nwhen = "orders(within = 1 day) >= 3"\n'
    file = container.root / "etc/opencart-sidecar/rules.d/second.toml"
    file.write_text(rule)
    container.run(f"systemctl reload {UNIT}")
    took_s = container.wait("tagged", _someone_has("in a hurry"), 30)
    same("MainPID", before, _show(container, "MainPID"))
    return f"after {took_s:.1f} s"


def settings_that_are_broken_change_nothing(container: Container) -> str:
    """A file that cannot be used is refused, and the daemon goes on with the old ones."""
    before, kept = _show(container, "MainPID"), "the old settings and rules hold"
    file = container.root / "etc/opencart-sidecar/rules.d/broken.toml"
    file.write_text("[[tag]]\nname = ")
    container.run(f"systemctl reload {UNIT}")
    container.wait("finding", f"{AS_SERVICE} status | grep -q '{kept}'", 15)
    file.unlink()
    container.run(f"systemctl reload {UNIT}")
    container.wait("mended", f"! {AS_SERVICE} status | grep -q '{kept}'", 15)
    same("MainPID", before, _show(container, "MainPID"))
    return ""


def health_answers(container: Container) -> str:
    """The socket of the unit answers."""
    asking = (
        "import http.client as h, socket as s, sys\n"
        "for path in ('/livez', '/readyz', '/metrics'):\n"
        "    c = h.HTTPConnection('sidecar'); c.sock = s.socket(s.AF_UNIX)\n"
        "    c.sock.connect('/run/opencart-sidecar/http.sock')\n"
        "    c.request('GET', path); a = c.getresponse(); text = a.read().decode()\n"
        "    print(path, a.status, len(text)); a.status == 200 or sys.exit(text)\n"
    )
    (container.root / "srv/health.py").write_text(asking)
    # It is ready when it has looked at changes.
    container.wait("ready", "python3 /srv/health.py", 30)
    return " ".join(container.run("python3 /srv/health.py").split())


def watchdog_ends_a_daemon_that_hangs(container: Container) -> str:
    """A process that is stopped is taken for one that hangs, and another one is started."""
    before = _show(container, "MainPID")
    container.run(f"kill -STOP {before}")
    hanging = f'test "$(systemctl show -P MainPID {UNIT})" != {before}'
    started = f"{hanging} && systemctl --quiet is-active {UNIT}"
    took_s = container.wait("another process", started, 150)
    said = container.run(f"journalctl --no-pager -o cat -u {UNIT} | grep -i watchdog | head -n 1")
    return f"after {took_s:.0f} s: {said.strip()}"


def log_is_json_without_people(container: Container) -> str:
    """Every line of the daemon is an object, and none has an address in it."""
    entries = container.run(f"journalctl --no-pager -o json _SYSTEMD_UNIT={UNIT}").splitlines()
    # What looks at the processor before speaks to people.
    lines = [
        entry["MESSAGE"]
        for entry in map(json.loads, entries)
        if entry.get("_CMDLINE", "").endswith(" run")
    ]
    objects = []
    for line in lines:
        try:
            objects.append(json.loads(line))
        except ValueError:
            raise StepError(f"not JSON: {line}") from None
        if "@" in line:
            raise StepError(f"an address? {line}")
    events = {entry["event"] for entry in objects}
    if "daemon.started" not in events:
        raise StepError(f"no daemon.started among {sorted(events)}")
    return f"{len(lines)} lines"


def exposure_is_small(container: Container) -> str:
    """What systemd says of the unit as it runs."""
    asking = f"systemd-analyze security --no-pager {UNIT} | tail -n 1"
    said = container.run(asking).strip()
    exposure = float(said.split(":")[1].split()[0])
    if exposure > MOST_EXPOSURE:
        raise StepError(said)
    return f"{exposure} ({container.run('systemctl --version').splitlines()[0]})"


def another_store_with_a_credential(container: Container) -> str:
    """The template serves a second store, whose password only root can read."""
    database, unit = "second", "opencart-sidecar@second.service"
    settings = container.root / "etc/opencart-sidecar"
    config = settings / "second.toml"
    config.write_text(
        f'[database]\nuser = "second"\nname = "{database}"\n\n[rules]\ndirectory = "second.d"\n'
    )
    password = settings / "second.database-password"
    password.touch(0o600)
    password.write_text("it's secret\n")
    container.run(
        "mariadb <<'END'\n"
        "CREATE USER second@localhost IDENTIFIED BY 'it\\'s secret';\n"
        f"GRANT ALL ON {database}.* TO second@localhost;\n"
        "END\n"
        "chown opencart-sidecar: /etc/opencart-sidecar/second.toml\n"
        "systemd-run --quiet --pipe --wait --uid=opencart-sidecar "
        "-p LoadCredential=database-password:/etc/opencart-sidecar/second.database-password "
        "sidecar --config /etc/opencart-sidecar/second.toml migrate\n"
        f"systemctl start {unit}\n"
        f"systemctl --quiet is-active {unit}\n"
        "test -d /run/opencart-sidecar-second"
    )
    container.run(f"systemctl stop {unit}\nsystemctl --quiet is-active {UNIT}")
    config.unlink()
    return ""


def stops_in_time(container: Container) -> str:
    """Within five seconds, and without an error."""
    began = time.monotonic()
    container.run(f"systemctl stop {UNIT}")
    took_s = time.monotonic() - began
    ended = container.run(f"systemctl show -P Result -P ExecMainStatus {UNIT}").split()
    if ended != ["success", "0"] or took_s > 5:
        raise StepError(f"{ended} after {took_s:.1f} s")
    container.run(f"systemctl start {UNIT}")
    return f"in {took_s:.1f} s, exit code 0"


def removed_and_purged(container: Container) -> str:
    """Removed, the program is gone and the settings stay; purged, they go; our tables stay."""
    container.run(
        "apt-get remove --yes opencart-sidecar\n"
        "test ! -e /usr/bin/sidecar\n"
        "test ! -e /usr/lib/opencart-sidecar\n"
        "test -e /etc/opencart-sidecar/config.toml\n"
        "! pgrep -u opencart-sidecar\n"
        "apt-get purge --yes opencart-sidecar\n"
        "test ! -e /etc/opencart-sidecar\n"
        "test ! -e /var/lib/opencart-sidecar\n"
        "test ! -e /var/backups/opencart-sidecar\n"
        f"test ! -e /etc/systemd/system/multi-user.target.wants/{UNIT}\n"
        f"! systemctl cat {UNIT} 2>/dev/null\n"
        "! dpkg --status opencart-sidecar 2>/dev/null"
    )
    return f"{shop.tags(container)} tags still in the database"


def _holds(customer: int, tag: str) -> str:
    asking = f'tags has "{tag}"'
    return f"{AS_SERVICE} customers '{asking}' --json | grep -qw '\"customer_id\": *{customer}'"


def _someone_has(tag: str) -> str:
    return f"{AS_SERVICE} customers 'tags has \"{tag}\"' --json | grep -q customer_id"


def _show(container: Container, what: str) -> str:
    return container.run(f"systemctl show -P {what} {UNIT}").strip()


def same(what: str, before: object, after: object) -> None:
    """Raise `StepError` where something changed that should not."""
    if before != after:
        raise StepError(f"{what}: {before} before, {after} after")
