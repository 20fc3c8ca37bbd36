"""The constants of a PHP file of definitions, asked of PHP itself."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sidecar.shop.php_values import to_system

#: A config file defines constants; one that takes longer does something else.
TIMEOUT_S = 5

#: No php.ini, no messages, no programs, nothing from the network.
_OPTIONS = (
    *("-n", "-d", "display_errors=0", "-d", "log_errors=0", "-d", "memory_limit=64M"),
    *("-d", "allow_url_fopen=0", "-d", "max_execution_time=5", "-d"),
    "disable_functions=exec,mail,passthru,pcntl_exec,popen,proc_open,shell_exec,system",
)

# What the file prints is thrown away; also when it ends with exit, or in an error.
_SCRIPT = """
[, $mark, $file] = $argv;
$_SERVER = getenv();
$wrong = '';
ob_start();
register_shutdown_function(static function () use ($mark, &$wrong) {
    while (ob_get_level()) { ob_end_clean(); }
    $found = [];
    foreach (get_defined_constants(true)['user'] ?? [] as $name => $value) {
        if ($value === null || (is_scalar($value) && !is_float($value))) {
            $found[base64_encode($name)] = base64_encode((string)$value);
        }
    }
    echo $mark, json_encode(['found' => (object)$found, 'wrong' => $wrong]), $mark;
});
try {
    (static function () { require func_get_arg(0); })($file);
} catch (\\Throwable $error) {
    $wrong = get_class($error) . ' in line ' . $error->getLine();
}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What PHP says.

    Attributes:
        constants: Name to value as text.
        wrong: What ended the file early, without its text, which may hold a secret; or empty.
    """

    constants: Mapping[str, str]
    wrong: str


def ask(file: Path, environ: Mapping[str, str]) -> Answer | None:
    """
    Let PHP run *file* and say what it defined; None when there is no PHP, or it fails.

    As root, PHP runs as the file's owner: whoever may write the store's files must not
    become root by it.
    """
    php = shutil.which("php", path=environ.get("PATH", os.defpath))
    if php is None:
        return None
    mark = secrets.token_hex(16)
    owner = file.stat()
    drop = os.geteuid() == 0 and owner.st_uid != 0
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the owner's own file
            [php, *_OPTIONS, "-r", _SCRIPT, "--", mark, str(file)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=file.parent,
            env=dict(environ),
            timeout=TIMEOUT_S,
            check=False,
            user=owner.st_uid if drop else None,
            group=owner.st_gid if drop else None,
            extra_groups=() if drop else None,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    parts = done.stdout.split(mark.encode())
    if len(parts) < 3:
        return None
    answer = msgspec.json.decode(parts[1], type=_Json)
    return Answer({_text(k): _text(v) for k, v in answer.found.items()}, answer.wrong)


class _Json(msgspec.Struct):
    found: dict[str, str]
    wrong: str


def _text(encoded: str) -> str:
    return to_system(base64.b64decode(encoded).decode("latin-1"))
