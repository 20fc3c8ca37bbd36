"""What is tried of upgrades: forth, back, and while the database is down."""

from __future__ import annotations

from pathlib import Path

from systemd.deb.tree import PROJECT
from systemd.service_test import shop, steps
from systemd.service_test.container import Container, StepError
from systemd.service_test.steps import UNIT, same

GRANTS = PROJECT / "docs/howto/grants.sql"

_NEWEST = "SELECT MAX(version) FROM oc_sidecar_migration"


def upgrade_keeps_what_is_there(container: Container, package: Path) -> str:
    """The newer package saves our tables, migrates them, and starts the service again."""
    before, number = shop.tags(container), _newest()
    older = int(shop.sql(container, _NEWEST))
    if older == number:
        # As the version before would have left it; a migration does nothing where it was done.
        shop.sql(container, f"DELETE FROM oc_sidecar_migration WHERE version = {number}")
    else:
        _grant_what_is_new(container)
    said = container.run(f"apt-get install --yes {package}", timeout_s=300)
    same("the newest migration", number, int(shop.sql(container, _NEWEST)))
    same("tags", before, shop.tags(container))
    container.run(f"systemctl --quiet is-active {UNIT}")
    listing = container.run("stat -c '%a %U %n' /var/backups/opencart-sidecar/*").split()
    same("mode and owner of the dump", ["600", "opencart-sidecar"], listing[:2])
    held = "zcat /var/backups/opencart-sidecar/*.sql.gz | grep -c 'INSERT INTO .oc_sidecar_tag'"
    container.run(held)
    if "are saved in" not in said:
        raise StepError(said)
    return f"{before} tags kept, dump {listing[2]}"


def the_version_before_works_on_newer_tables(
    container: Container, earlier: Path, newer: Path
) -> str:
    """Taken back, the version before goes on with tables that only grew; then forth again."""
    installing = "apt-get install --yes --allow-downgrades"
    container.run(f"{installing} {earlier}", timeout_s=300)
    version = container.run("dpkg-query --show --showformat='${Version}' opencart-sidecar")
    container.run(f"systemctl --quiet is-active {UNIT}")
    tagged = steps.tag_appears(container)
    container.run(f"{installing} {newer}", timeout_s=300)
    container.run(f"systemctl --quiet is-active {UNIT}")
    return f"{version}: {tagged}"


def database_away_does_not_break_dpkg(container: Container, package: Path) -> str:
    """An upgrade succeeds while the database is down, says so, and the service comes back."""
    container.run("systemctl mask --runtime --now mariadb.socket mariadb.service")
    said = container.run(f"dpkg --install {package}", timeout_s=300)
    if "could not be saved" not in said:
        raise StepError(said)
    container.run("systemctl unmask --runtime mariadb.service\nsystemctl start mariadb.service")
    active = f"systemctl --quiet is-active {UNIT}"
    took_s = container.wait("active", active, 60)
    return f"active {took_s:.1f} s after the database"


def _newest() -> int:
    """The newest migration that this checkout knows."""
    files = (PROJECT / "sidecar/shop/migrations").glob("*.sql")
    return max(int(file.name.partition("-")[0]) for file in files)


def _grant_what_is_new(container: Container) -> None:
    lines = GRANTS.read_text("utf-8").splitlines()
    grants = "\n".join(line for line in lines if line.startswith("GRANT"))
    account = grants.replace("'sidecar'@", "'opencart-sidecar'@")
    container.run(f"mariadb <<'END'\n{account}\nEND")
