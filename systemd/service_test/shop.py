"""A made-up store in the container: its database, its account, its folder."""

from __future__ import annotations

from pathlib import Path

from systemd.deb import roots
from systemd.service_test.container import Container

#: Customers of a store; they have five times as many orders.
CUSTOMERS = 200

_MAKE = """
import sys
from sidecar import clock
from sidecar.config import load
from sidecar.service.demo_store import create_store, generate
from sidecar.shop.database import connect
from pathlib import Path
engine = connect(load(Path(sys.argv[1]), {}).database)
create_store(engine, "oc_")
generate(engine, "oc_", customers=%d, orders=%d, seed=7, now=clock.now())
engine.dispose()
"""

_CONFIG_PHP = """<?php
define('HTTP_SERVER', 'http://shop.example/');
define('DIR_APPLICATION', '/var/www/shop/catalog/');
define('DIR_SYSTEM', '/var/www/shop/system/');
define('DB_DRIVER', 'mysqli');
define('DB_HOSTNAME', 'localhost');
define('DB_USERNAME', 'store');
define('DB_PASSWORD', 'the store''s');
define('DB_DATABASE', 'shop');
define('DB_PREFIX', 'oc_');
define('DB_PORT', '3306');
""".replace("''", "\\'")


def require_server(root: Path) -> None:
    """
    Make the data directory of MariaDB where its package made none.

    The package of noble sends what its maker says to the system's log, which nobody takes
    while debootstrap runs, and the first word ends it.
    """
    if not (root / "var/lib/mysql/mysql").is_dir():
        making = ["mariadb-install-db", "--rpm", "--cross-bootstrap", "--user=mysql"]
        roots.run(root, [*making, "--skip-test-db"])


def make_store(container: Container, database: str, python: str) -> None:
    """
    Make a store with customers and orders.

    Args:
        python: One that has the program.
    """
    container.run(f"mariadb -e 'CREATE DATABASE {database} CHARACTER SET utf8mb4'")
    place = container.root / "srv"
    config = f'[database]\nsocket = "/run/mysqld/mysqld.sock"\nuser = "root"\nname = "{database}"\n'
    (place / "make.toml").write_text(config)
    (place / "make.py").write_text(_MAKE % (CUSTOMERS, CUSTOMERS * 5))
    container.run(f"{python} /srv/make.py /srv/make.toml")


def write_folder(container: Container) -> None:
    """The store's folder with its own settings, and the store's own account."""
    folder = container.root / "var/www/shop"
    (folder / "admin").mkdir(parents=True)
    for file in (folder, folder / "admin"):
        (file / "index.php").write_text("<?php\ndefine('VERSION', '4.1.0.4');\n")
        (file / "config.php").write_text(_CONFIG_PHP)
    container.run(
        "mariadb <<'END'\n"
        "CREATE USER store@localhost IDENTIFIED BY 'the store\\'s';\n"
        "GRANT ALL ON shop.* TO store@localhost;\n"
        "END"
    )


def order_three_times(container: Container, customer: int) -> None:
    """Let *customer* place three paid orders now."""
    sql = f"""
    CREATE TEMPORARY TABLE bought SELECT * FROM oc_order
        WHERE order_status_id = (SELECT order_status_id FROM oc_order GROUP BY 1
            ORDER BY COUNT(*) DESC LIMIT 1) LIMIT 3;
    UPDATE bought SET order_id = order_id + {1000 * (1000 + customer)}, customer_id = {customer},
        date_added = NOW(), date_modified = NOW();
    INSERT INTO oc_order SELECT * FROM bought;
    """
    container.run(f"mariadb shop <<'END'\n{sql}\nEND")


def customer_with_few_orders(container: Container) -> int:
    """One who has none."""
    sql = "SELECT MIN(customer_id) FROM oc_customer WHERE customer_id NOT IN "
    sql += "(SELECT customer_id FROM oc_order)"
    return int(container.run(f'mariadb --skip-column-names shop -e "{sql}"'))


def tags(container: Container) -> int:
    """How many tags customers have."""
    return int(sql(container, "SELECT SUM(customers) FROM oc_sidecar_tag"))


def sql(container: Container, statement: str) -> str:
    """Run *statement* in the store's database; returns its rows, without names of columns."""
    return container.run(f"mariadb --skip-column-names shop -e '{statement}'").strip()
