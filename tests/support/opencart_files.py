"""The files of a made-up store, in the style in which installers of OpenCart write them."""

from __future__ import annotations

from pathlib import Path

URL = "https://shop.example/"


def addslashes(text: str) -> str:
    """As PHP's, for a text in single quotes."""
    return text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')


def write_store(
    directory: Path,
    version: str = "4.1.0.4",
    *,
    admin: str = "admin",
    password: str = "secret",
    **database: str,
) -> Path:
    """Write index.php and both config files of a store of *version*; returns *directory*."""
    values = {
        "DB_DRIVER": "mysqli",
        "DB_HOSTNAME": "127.0.0.1",
        "DB_USERNAME": "shop_user",
        "DB_PASSWORD": password,
        "DB_DATABASE": "shop_db",
        "DB_PREFIX": "oc_",
        "DB_PORT": "3306",
        **database,
    }
    lines = [f"define('{name}', '{addslashes(value)}');" for name, value in values.items()]
    root = f"{directory}/"
    (directory / admin).mkdir(parents=True, exist_ok=True)
    write = _three if version.startswith("3.") else _four
    for folder, content in (
        (directory, write(root, "catalog", lines)),
        (directory / admin, write(root, admin, lines)),
    ):
        (folder / "config.php").write_text(content, "utf-8")
        (folder / "index.php").write_text(
            f"<?php\n// Version\ndefine('VERSION', '{version}');\n\n// Configuration\n"
            "if (is_file('config.php')) {\n\trequire_once('config.php');\n}\n\n// Install\n"
            "if (!defined('DIR_APPLICATION')) {\n\theader('Location: install/');\n\texit;\n}\n"
        )
    return directory


def _three(root: str, part: str, database: list[str]) -> str:
    admin = part != "catalog"
    own = f"{URL}{part}/" if admin else URL
    lines = ["<?php", "// HTTP", f"define('HTTP_SERVER', '{own}');"]
    lines += [f"define('HTTP_CATALOG', '{URL}');"] if admin else []
    lines += ["", "// HTTPS", f"define('HTTPS_SERVER', '{own}');", "", "// DIR"]
    lines += [f"define('DIR_APPLICATION', '{addslashes(root)}{part}/');"]
    lines += [f"define('DIR_SYSTEM', '{addslashes(root)}system/');"]
    lines += ["define('DIR_STORAGE', DIR_SYSTEM . 'storage/');"]
    lines += [f"define('DIR_CATALOG', '{addslashes(root)}catalog/');"] if admin else []
    lines += ["define('DIR_LOGS', DIR_STORAGE . 'logs/');", "", "// DB", *database]
    lines += ["", "// OpenCart API", "define('OPENCART_SERVER', 'https://api.example/');"]
    return "\n".join(lines) + "\n"


def _four(root: str, part: str, database: list[str]) -> str:
    admin = part != "catalog"
    lines = ["<?php", "// APPLICATION"]
    lines += [f"define('APPLICATION', '{'Admin' if admin else 'Catalog'}');", "", "// HTTP"]
    lines += [f"define('HTTP_SERVER', '{URL}{part + '/' if admin else ''}');"]
    lines += [f"define('HTTP_CATALOG', '{URL}');"] if admin else []
    lines += ["", "// DIR", f"define('DIR_OPENCART', '{root}');"]
    lines += [f"define('DIR_APPLICATION', DIR_OPENCART . '{part}/');"]
    lines += ["define('DIR_SYSTEM', DIR_OPENCART . 'system/');"]
    lines += ["define('DIR_EXTENSION', DIR_OPENCART . 'extension/');"]
    lines += ["define('DIR_STORAGE', DIR_SYSTEM . 'storage/');"]
    lines += ["define('DIR_CATALOG', DIR_OPENCART . 'catalog/');"] if admin else []
    lines += ["define('DIR_LOGS', DIR_STORAGE . 'logs/');", "", "// DB", *database]
    lines += ["", "// Cache", "define('CACHE_ENGINE', 'file'); // file or redis"]
    lines += ["//define('CACHE_PORT', 6379);", "//define('CACHE_PASSWORD', 'x');"]
    return "\n".join(lines)
