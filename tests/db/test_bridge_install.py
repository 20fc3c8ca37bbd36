"""The bridge put into a store and taken out of it, with its files, rows and rights."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar import cli
from sidecar.errors import ConfigError, UsageError
from sidecar.service.bridge import contents
from sidecar.service.bridge.install import STARTUPS, install, uninstall
from sidecar.service.bridge.package import package
from sidecar.service.private_server import PrivateServer
from support.dumped import dumped
from support.opencart_files import write_store
from support.opencart_folder import OpenCartFolder, opencart_folder

NOW = datetime.datetime(2026, 3, 31, 9, 30, tzinfo=datetime.UTC)
OURS = "extension/sidecar/"


class KilledError(BaseException):
    """What a process that is killed does not do, nothing else does either."""


@pytest.fixture(params=["4.0.2.3", "4.1.0.4"])
def shop(
    request: pytest.FixtureRequest, mariadb: PrivateServer, database: str, tmp_path: Path
) -> Iterator[OpenCartFolder]:
    with opencart_folder(mariadb, tmp_path / "shop", database, request.param) as found:
        yield found


@pytest.fixture
def new_shop(mariadb: PrivateServer, database: str, tmp_path: Path) -> Iterator[OpenCartFolder]:
    """Of one version, where versions do not matter."""
    with opencart_folder(mariadb, tmp_path / "shop", database) as found:
        yield found


def put(shop: OpenCartFolder, group: str = "") -> tuple[str, ...]:
    return install(shop.store, shop.engine, "oc_", NOW, group=group).given


def rights(shop: OpenCartFolder, group: int = 1) -> dict[str, list[str]]:
    ((stored,),) = shop.ask(f"SELECT permission FROM oc_user_group WHERE user_group_id = {group}")
    found = json.loads(str(stored or "{}"))
    return {kind: [r for r in found.get(kind, []) if r.startswith(OURS)] for kind in found}


def test_it_is_in_place_as_opencart_would_have_put_it(shop: OpenCartFolder) -> None:
    assert put(shop) == ("Administrator",)

    ((install_id, name, version, status, added),) = shop.ask(
        "SELECT extension_install_id, name, version, status, date_added"
        " FROM oc_extension_install WHERE code = 'sidecar'"
    )
    said = contents.manifest()
    # In the store's own time.
    assert (name, version, status) == (said.name, said.version, 1)
    assert added == datetime.datetime(2026, 3, 31, 12, 30)
    folder = shop.extensions / "sidecar"
    on_disk = ["sidecar", *(f"sidecar/{p.relative_to(folder)}" for p in folder.rglob("*"))]
    noted = shop.ask(
        f"SELECT path FROM oc_extension_path WHERE extension_install_id = {install_id}"
    )
    assert sorted(str(path) for (path,) in noted) == sorted(on_disk)
    used = "SELECT type, code FROM oc_extension WHERE extension = 'sidecar' ORDER BY extension_id"
    assert shop.ask(used) == [("other", "sidecar"), ("dashboard", "sidecar")]
    started = "SELECT action, status FROM oc_startup WHERE code = 'sidecar' ORDER BY startup_id"
    assert shop.ask(started) == [(action, 1) for action in STARTUPS]
    assert shop.ask(
        "SELECT store_id, `key`, value FROM oc_setting WHERE code LIKE '%%sidecar' ORDER BY `key`"
    ) == [
        (0, "dashboard_sidecar_sort_order", "0"),
        (0, "dashboard_sidecar_status", "1"),
        (0, "dashboard_sidecar_width", "12"),
        (0, "other_sidecar_status", "1"),
    ]
    assert rights(shop) == {"access": list(contents.ROUTES), "modify": list(contents.ROUTES)}
    assert contents.read_tree(folder) == contents.files()
    kept = shop.store.directory / "system/storage/marketplace/sidecar.ocmod.zip"
    assert kept.read_bytes() == package()


def test_installed_and_taken_away_nothing_of_it_is_left(shop: OpenCartFolder) -> None:
    rows, files = shop.rows(), shop.files()

    put(shop)

    assert shop.rows() != rows
    assert uninstall(shop.store, shop.engine, "oc_")
    assert shop.rows() == rows
    assert shop.files() == files
    assert not uninstall(shop.store, shop.engine, "oc_")


def test_installed_again_it_changes_nothing(shop: OpenCartFolder) -> None:
    put(shop)
    rows, files = shop.rows(), shop.files()
    place = (shop.extensions / "sidecar").stat()

    assert put(shop) == ()

    assert shop.rows() == rows
    assert shop.files() == files
    assert (shop.extensions / "sidecar").stat() == place


def steps_of(run: Callable[[Callable[[str], None]], object]) -> list[str]:
    told: list[str] = []
    run(told.append)
    return told


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
def test_killed_before_any_step_and_called_again_it_is_as_if_nothing_had_been(
    mariadb: PrivateServer, database: str, tmp_path: Path, engine: str
) -> None:
    with opencart_folder(mariadb, tmp_path / "shop", database, engine=engine) as shop:
        rows, files = shop.rows(), shop.files()

        def installing(told: Callable[[str], None]) -> object:
            return install(shop.store, shop.engine, "oc_", NOW, told=told)

        def leaving(told: Callable[[str], None]) -> object:
            return uninstall(shop.store, shop.engine, "oc_", told)

        steps = steps_of(installing)
        there = shop.rows(), shop.files()
        assert (len(steps), len(steps_of(leaving))) == (8, 8)
        for run, step in [(installing, s) for s in steps] + [(leaving, s) for s in steps]:
            installing(lambda _step: None)
            if run is installing:
                leaving(lambda _step: None)

            def killed(told: str, step: str = step) -> None:
                if told == step:
                    raise KilledError

            with pytest.raises(KilledError):
                run(killed)
            runs = shop.ask("SELECT action FROM oc_startup WHERE code = 'sidecar'")
            # What runs at each request is there only while its files are.
            assert not runs or contents.read_tree(shop.extensions / "sidecar") == contents.files()

            run(lambda _step: None)

            expected = there if run is installing else (rows, files)
            assert (shop.rows(), shop.files()) == expected, step


def test_files_that_were_half_written_are_taken_away(new_shop: OpenCartFolder) -> None:
    half = new_shop.extensions / ".sidecar-abc" / "admin"
    half.mkdir(parents=True)
    (half / "x.php").write_text("<?php")

    put(new_shop)

    assert sorted(path.name for path in new_shop.extensions.iterdir()) == ["opencart", "sidecar"]


def test_an_upgrade_replaces_files_and_takes_old_ones_away(new_shop: OpenCartFolder) -> None:
    put(new_shop)
    folder = new_shop.extensions / "sidecar"
    (folder / "admin/controller/page/former.php").write_text("<?php // of an older version")
    (folder / "install.json").write_text("{}")
    new_shop.ask("UPDATE oc_extension_install SET version = '0.0.9' WHERE code = 'sidecar'")
    new_shop.ask("UPDATE oc_extension_install SET status = 0 WHERE code = 'sidecar'")
    new_shop.ask(
        "INSERT INTO oc_extension_path (extension_install_id, path)"
        " SELECT extension_install_id, 'sidecar/admin/controller/page/former.php'"
        " FROM oc_extension_install WHERE code = 'sidecar'"
    )

    done = install(new_shop.store, new_shop.engine, "oc_", NOW)

    assert (done.before, done.version, done.has_new_files) == (
        "0.0.9", contents.manifest().version, True,
    )  # fmt: skip
    assert contents.read_tree(folder) == contents.files()
    noted = {path for (path,) in new_shop.ask("SELECT path FROM oc_extension_path")}
    assert "sidecar/admin/controller/page/former.php" not in noted
    assert new_shop.ask("SELECT status FROM oc_extension_install WHERE code = 'sidecar'") == [(1,)]


def test_an_upgrade_keeps_what_was_set_and_what_was_given_or_taken_by_hand(
    new_shop: OpenCartFolder,
) -> None:
    put(new_shop)
    new_shop.ask("UPDATE oc_setting SET value = '4' WHERE `key` = 'dashboard_sidecar_width'")
    taken = {"access": ["extension/sidecar/other/sidecar"], "modify": []}
    given = {"access": ["extension/sidecar/page/gdpr"], "modify": []}
    for group, stored in ((1, taken), (2, given)):
        new_shop.ask(
            "UPDATE oc_user_group SET permission = %(p)s WHERE user_group_id = %(g)s",
            p=json.dumps(stored), g=group,
        )  # fmt: skip

    assert put(new_shop) == ()

    assert (rights(new_shop, 1), rights(new_shop, 2)) == (taken, given)
    assert new_shop.ask("SELECT value FROM oc_setting WHERE `key` = 'dashboard_sidecar_width'") == [
        ("4",)
    ]


def test_what_is_new_goes_to_who_has_the_bridge_in_hand(new_shop: OpenCartFolder) -> None:
    put(new_shop, group='Sales & "Service"')
    new_shop.ask(
        "UPDATE oc_user_group SET permission = REPLACE(permission,"
        r" 'extension\\/sidecar\\/page\\/status', 'x') WHERE user_group_id = 2"
    )
    new_shop.ask("DELETE FROM oc_extension_path WHERE path LIKE '%%/page/status.php'")
    assert "extension/sidecar/page/status" not in rights(new_shop, 2)["modify"]

    assert put(new_shop) == ('Sales & "Service"',)

    assert "extension/sidecar/page/status" in rights(new_shop, 2)["modify"]
    assert "extension/sidecar/page/status" in rights(new_shop, 2)["access"]
    assert rights(new_shop, 1)["access"] == []


def test_rights_go_to_the_group_that_is_named_and_others_are_written_as_they_were(
    new_shop: OpenCartFolder,
) -> None:
    assert put(new_shop, group="Empty") == ("Empty",)

    assert rights(new_shop, 5)["modify"] == list(contents.ROUTES)
    stored = "SELECT user_group_id, permission FROM oc_user_group ORDER BY user_group_id"
    assert dict(new_shop.ask(stored)) | {5: ""} == {  # type: ignore[arg-type]
        1: r'{"access":["catalog\/product","common\/dashboard"],"modify":["catalog\/product"]}',
        2: r'{"access":{"0":"sale\/order","2":"sale\/returns"},"modify":[]}',
        3: None,
        4: "not json",
        5: "",
    }


def test_rights_in_a_list_with_gaps_stay_and_become_a_list(new_shop: OpenCartFolder) -> None:
    put(new_shop, group='Sales & "Service"')

    uninstall(new_shop.store, new_shop.engine, "oc_")

    stored = "SELECT permission FROM oc_user_group WHERE user_group_id = 2"
    assert new_shop.ask(stored) == [(r'{"access":["sale\/order","sale\/returns"],"modify":[]}',)]


def test_a_group_that_there_is_not_is_named_before_anything_is_done(
    new_shop: OpenCartFolder,
) -> None:
    rows, files = new_shop.rows(), new_shop.files()

    with pytest.raises(UsageError, match="no group of users called 'x'; there are 'Administrator'"):
        put(new_shop, group="x")

    new_shop.ask("DELETE FROM oc_user")
    with pytest.raises(UsageError, match="--group"):
        put(new_shop)
    new_shop.ask("INSERT INTO oc_user VALUES (7, 1), (9, 2)")
    assert (new_shop.rows(), new_shop.files()) == (rows, files)


@pytest.mark.parametrize("version", ["3.0.5.1", "4.0.1.1", "5.0.0.0", "4.2.0.0"])
def test_an_opencart_that_it_does_not_know_is_refused(
    mariadb: PrivateServer, database: str, tmp_path: Path, version: str
) -> None:
    with opencart_folder(mariadb, tmp_path / "shop", database) as shop:
        index = shop.store.directory / "index.php"
        index.write_text(index.read_text().replace("4.1.0.4", version))
        before = shop.files()

        assert cli.run(["bridge", "install", "--opencart", str(shop.store.directory)]) == 78

        assert shop.files() == before


def test_a_link_in_its_place_is_not_followed(new_shop: OpenCartFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (new_shop.extensions / "sidecar").symlink_to(elsewhere)

    with pytest.raises(ConfigError, match="is a link"):
        put(new_shop)

    assert uninstall(new_shop.store, new_shop.engine, "oc_")
    assert elsewhere.is_dir()
    assert not os.path.lexists(new_shop.extensions / "sidecar")


def test_files_belong_to_whom_the_folder_belongs_and_are_as_open_as_it(
    new_shop: OpenCartFolder,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files to others")
    owner = 12345
    for path in (new_shop.store.directory, *new_shop.store.directory.rglob("*")):
        os.chown(path, owner, owner)
    for path in (new_shop.store.directory, *new_shop.store.directory.parents):
        if path.stat().st_uid == 0 and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    new_shop.extensions.chmod(0o2777)

    put(new_shop)

    for path in (new_shop.extensions / "sidecar", *(new_shop.extensions / "sidecar").rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (owner, owner)
        assert path.stat().st_mode & 0o777 == (0o775 if path.is_dir() else 0o664)
    assert (os.geteuid(), os.getegid()) == (0, 0)


def test_the_command_line_finds_a_renamed_admin_and_a_moved_storage(
    mariadb: PrivateServer, database: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with opencart_folder(mariadb, tmp_path / "shop", database, admin="back office") as shop:
        root, storage = shop.store.directory, tmp_path / "kept"
        (root / "system/storage").rename(storage)
        for config in (root / "config.php", root / "back office/config.php"):
            moved = config.read_text().replace("DIR_SYSTEM . 'storage/'", f"'{storage}/'")
            config.write_text(moved)
        rows, files = shop.rows(), shop.files()

        assert cli.run(["bridge", "install", "--opencart", str(root)]) == 0

        assert "rights given to the group of users 'Administrator'" in capfd.readouterr().err
        assert (storage / "marketplace" / contents.PACKAGE).is_file()
        assert cli.run(["bridge", "install", "--opencart", str(root)]) == 0
        assert "is in place" in capfd.readouterr().err
        assert cli.run(["bridge", "uninstall", "--opencart", str(root)]) == 0
        assert "the bridge is gone" in capfd.readouterr().err
        assert (shop.rows(), shop.files()) == (rows, files)
        assert not list((storage / "marketplace").iterdir())


@pytest.mark.parametrize("version", ["4.0.2.3", "4.1.0.4"])
def test_a_real_store_is_as_before_after_it_was_taken_away(
    mariadb: PrivateServer, clone_store: Callable[[str], str], tmp_path: Path, version: str
) -> None:
    database = clone_store(version)
    settings = mariadb.settings(database, tcp=True)
    root = write_store(
        tmp_path / "shop",
        version,
        password=settings.password.reveal(),
        DB_USERNAME=settings.user,
        DB_DATABASE=database,
        DB_PORT=str(settings.port),
    )
    (root / "extension").mkdir()
    before = dumped(mariadb, database)

    assert cli.run(["bridge", "install", "--opencart", str(root)]) == 0
    between = dumped(mariadb, database)
    assert cli.run(["bridge", "uninstall", "--opencart", str(root)]) == 0

    changed = {name for name in between if between[name] != before.get(name)}
    assert changed == {
        *("oc_extension", "oc_extension_install", "oc_extension_path"),
        *("oc_setting", "oc_startup", "oc_user_group"),
    }
    assert dumped(mariadb, database) == before
