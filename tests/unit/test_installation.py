"""What a store's own files say, with PHP and without."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.config import Secret
from sidecar.errors import ConfigError
from sidecar.shop.installation import Installation, StoreDatabase, read_installation
from support.opencart_files import URL, addslashes, write_store

VERSIONS = ["3.0.5.1", "4.0.2.3", "4.1.0.4"]

WAYS = {"php": os.environ["PATH"], "alone": "/nowhere"}


@pytest.fixture(params=list(WAYS))
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment with PHP and without."""
    path = WAYS[request.param]
    if request.param == "php" and shutil.which("php") is None:
        pytest.fail("php is not installed (apt install php-cli)", pytrace=False)
    return {"PATH": path}


def problem(directory: Path, environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as error:
        read_installation(directory, environ)
    assert error.value.exit_code == 78
    return str(error.value)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_says_where_its_database_is(
    tmp_path: Path, environ: dict[str, str], version: str
) -> None:
    write_store(tmp_path, version, password="hunter2", DB_PORT="3307")

    assert read_installation(tmp_path, environ) == Installation(
        directory=tmp_path,
        version=version,
        database=StoreDatabase(
            hostname="127.0.0.1",
            port=3307,
            user="shop_user",
            password=Secret("hunter2"),
            name="shop_db",
            prefix="oc_",
        ),
        url=URL,
        storage=tmp_path / "system/storage",
        extensions=tmp_path / "extension" if version.startswith("4.") else None,
        admin_directory=tmp_path / "admin",
        admin_url=f"{URL}admin/",
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "password",
    ["it's", r"back\slash\\", "$HOME $x {$y}", "pässwörd🦊", "// # /* */ ?>", r"end\ ", "'", ""],
)
def test_a_password_may_hold_anything(
    tmp_path: Path, environ: dict[str, str], version: str, password: str
) -> None:
    write_store(tmp_path, version, password=password)

    assert read_installation(tmp_path, environ).database.password == Secret(password)


def test_a_double_quote_is_read_as_the_store_reads_it(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    write_store(tmp_path, password='a"b')

    assert read_installation(tmp_path, environ).database.password.reveal() == r"a\"b"


def test_a_password_is_not_shown(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path, password="hunter2")

    assert "hunter2" not in repr(read_installation(tmp_path, environ))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_renamed_admin_directory_is_found(
    tmp_path: Path, environ: dict[str, str], version: str
) -> None:
    write_store(tmp_path, version, admin="back office")

    installation = read_installation(tmp_path, environ)

    assert installation.admin_directory == tmp_path / "back office"
    assert installation.admin_url == f"{URL}back office/"


def test_a_copy_of_the_admin_directory_is_not_taken_for_it(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    write_store(tmp_path, admin="manage")
    shutil.copytree(tmp_path / "manage", tmp_path / "admin")

    assert read_installation(tmp_path, environ).admin_directory == tmp_path / "manage"


def test_a_store_without_an_admin_directory_is_one(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path)
    shutil.rmtree(tmp_path / "admin")

    assert read_installation(tmp_path, environ).admin_directory is None


def test_a_storage_that_was_moved_is_found(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path)
    config = tmp_path / "config.php"
    config.write_text(
        config.read_text().replace("DIR_SYSTEM . 'storage/'", "'/var/lib/shop/storage/'")
    )

    assert read_installation(tmp_path, environ).storage == Path("/var/lib/shop/storage")


def test_tls_of_the_store_is_text_of_certificates(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path, DB_SSL_KEY="-----KEY-----\nk", DB_SSL_CERT="c", DB_SSL_CA="QUJD\nREVG")

    database = read_installation(tmp_path, environ).database

    assert database.ssl_key.reveal() == "-----KEY-----\nk"
    assert (database.ssl_cert, database.ssl_ca) == ("c", "QUJD\nREVG")


def test_a_port_that_is_not_set_is_the_usual_one(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path, DB_PORT="", DB_HOSTNAME="p:db.example")

    database = read_installation(tmp_path, environ).database

    assert (database.hostname, database.port) == ("db.example", 3306)


def test_values_may_come_from_the_environment(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path)
    config = tmp_path / "config.php"
    config.write_text(config.read_text().replace("'secret'", "getenv('SHOP_PW') ?: 'none'"))

    assert read_installation(
        tmp_path, environ | {"SHOP_PW": "from outside"}
    ).database.password == Secret("from outside")


# What is wrong


def test_a_folder_that_is_not_there_or_no_store_says_so(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    assert problem(tmp_path / "no", environ) == f"{tmp_path}/no: is no folder"
    assert problem(tmp_path, environ) == (
        f"{tmp_path}: is no OpenCart store: no index.php that defines VERSION "
        "(name the folder with the store's index.php)"
    )


def test_the_folder_above_the_store_is_told(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path / "upload")

    assert f"(did you mean {tmp_path}/upload?)" in problem(tmp_path, environ)


def test_another_php_program_is_no_store(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "index.php").write_text("<?php define('WP_USE_THEMES', true);")

    assert "is no OpenCart store" in problem(tmp_path, environ)


def test_a_store_that_is_not_installed_says_so(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path)
    config = tmp_path / "config.php"

    config.write_text("")
    assert problem(tmp_path, environ) == (
        f"{config}: is empty: the store is not installed yet (run OpenCart's installer first)"
    )
    config.unlink()
    assert problem(tmp_path, environ) == f"{config}: does not exist (is the store installed?)"


def test_what_a_config_does_not_define_is_named(tmp_path: Path, environ: dict[str, str]) -> None:
    write_store(tmp_path)
    config = tmp_path / "config.php"
    lines = config.read_text().splitlines()
    config.write_text("\n".join(x for x in lines if "DB_P" not in x and "DB_USER" not in x))

    assert problem(tmp_path, environ) == (
        f"{config}: does not define DB_USERNAME, DB_PASSWORD, DB_PREFIX (is the store installed?)"
    )


def test_a_config_that_only_php_can_read_says_what_is_missing(tmp_path: Path) -> None:
    write_store(tmp_path)
    config = tmp_path / "config.php"
    config.write_text(config.read_text().replace("'secret'", "strrev('terces')"))

    line = config.read_text().splitlines().index("define('DB_PASSWORD', strrev('terces'));") + 1
    assert f"line {line} is more than a definition; install php-cli" in problem(
        tmp_path, {"PATH": "/nowhere"}
    )
    assert read_installation(tmp_path, {"PATH": os.environ["PATH"]}).database.password == Secret(
        "secret"
    )


def test_a_config_with_a_syntax_error_names_the_line(tmp_path: Path) -> None:
    write_store(tmp_path)
    (tmp_path / "config.php").write_text("<?php\ndefine('DB_HOSTNAME', 'x';\n")

    assert "(PHP says: ParseError in line 2)" in problem(tmp_path, {"PATH": os.environ["PATH"]})
    assert "DB_HOSTNAME" in problem(tmp_path, {"PATH": "/nowhere"})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DB_DRIVER", "pgsql", "DB_DRIVER is 'pgsql' (only MySQL and MariaDB work)"),
        ("DB_PORT", "x", "DB_PORT is 'x', which is no port"),
        ("DB_PORT", "70000", "DB_PORT is '70000', which is no port"),
    ],
)
def test_a_value_that_cannot_be_is_named(
    tmp_path: Path, environ: dict[str, str], name: str, value: str, message: str
) -> None:
    write_store(tmp_path, **{name: value})

    assert message in problem(tmp_path, environ)


def test_a_password_that_is_not_utf8_is_told_without_it(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    write_store(tmp_path)
    config = tmp_path / "config.php"
    config.write_bytes(config.read_bytes().replace(b"'secret'", b"'p\xe4ss'"))

    assert problem(tmp_path, environ) == f"{config}: DB_PASSWORD is not UTF-8"


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_one_may_not_read_says_who_may(environ: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        store = write_store(Path(name))
        store.chmod(0o755)
        (store / "config.php").chmod(0o000)

        with nobody():
            message = problem(store, environ)

    assert f"{store}/config.php: user " in message
    assert "may not read it (run as the owner of the store's files, or as root)" in message


def test_php_does_not_run_as_root_what_another_user_can_write(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away: run the tests as root to see this one")
    with tempfile.TemporaryDirectory() as name:
        store = write_store(Path(name))
        owner = pwd.getpwnam("nobody").pw_uid
        for file in (store, *store.rglob("*")):
            os.chown(file, owner, owner)
        config = store / "config.php"
        config.write_text(
            config.read_text().replace("'secret'", "(string)fileowner('/proc/self/status')")
        )

        installation = read_installation(store, {"PATH": os.environ["PATH"]})

    assert installation.database.password.reveal() == str(owner)


def test_addslashes_of_the_tests_is_the_real_one() -> None:
    assert addslashes("a'b\\c\"d") == "a\\'b\\\\c\\\"d"
