"""Noticing that the config file or a rules file changed, however an editor writes it."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import structlog
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

#: Files are looked at so often although no event came: not every file system sends them.
LOOK_EVERY_S = 5.0

#: A change counts when nothing changed any more for so long: editors write several times …
QUIET_S = 0.3

#: … or at the latest after this.
LONGEST_S = 5.0

#: Events that only say that somebody, such as we, read a file.
_READING = frozenset({"opened", "closed_no_write"})

#: What a file looks like: name, device, inode, size, and when it was written and changed.
Look: TypeAlias = tuple[tuple[str | int, ...], ...]


def look(config: Path, rules: Path) -> Look:
    """What *config* and the files of *rules* look like now; a link as what it leads to."""
    found = [_seen(config)]
    with contextlib.suppress(OSError):
        found += [_seen(path) for path in sorted(rules.iterdir()) if path.name.endswith(".toml")]
    found.append(("rules", int(rules.is_dir())))
    return tuple(found)


def _seen(path: Path) -> tuple[str | int, ...]:
    try:
        at = path.stat()
    except OSError:
        return (str(path),)
    if not stat.S_ISREG(at.st_mode):
        return (str(path), at.st_ino)
    return (str(path), at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns)


class Settling:
    """
    Whether files changed, and are done changing.

    Args:
        before: What they looked like when they were last read.
    """

    def __init__(self, before: Look) -> None:
        self._known = self._seen = before
        self._since_s = self._first_s = 0.0

    @property
    def waiting(self) -> bool:
        """Whether a change was seen that did not settle yet."""
        return self._seen != self._known

    def settled(self, seen: Look, now_s: float) -> bool:
        """Told what they look like at *now_s*: whether to read them now. Once for each change."""
        if seen != self._seen:
            if not self.waiting:
                self._first_s = now_s
            self._seen, self._since_s = seen, now_s
        if not self.waiting:
            return False
        if now_s - self._since_s < QUIET_S and now_s - self._first_s < LONGEST_S:
            return False
        self._known = seen
        return True


class Files:
    """
    The config file and the rules directory of an installation, neither of which need stay there.

    Events of the file system only make us look at once; what counts is what is seen then.

    Args:
        config: The config file.
        rules: The rules directory by the settings now; asked each time.
        wake: Called from another thread when something happened there.
    """

    def __init__(
        self, config: Path, rules: Callable[[], Path], wake: Callable[[], None] = lambda: None
    ) -> None:
        self._config, self._rules, self._wake = config, rules, wake
        self._happened = False
        self._look_at_s = 0.0
        self._settling = Settling(look(config, rules()))
        self._observer: BaseObserver | None = None
        self._watched: dict[Path, tuple[int, int]] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Have events wake us within; where there are none, looking now and then is enough."""
        try:
            self._observer = Observer()
            self._observer.start()
        except (OSError, RuntimeError) as error:  # no inotify instance, or no thread, to be had
            self._give_up(error)
        self._place()
        try:
            yield
        finally:
            if self._observer:
                self._observer.stop()
                self._observer.join(1.0)

    def changed(self, now_s: float) -> bool:
        """Whether files changed and settled since they were last read; to be asked often."""
        if not (self._happened or self._settling.waiting or now_s >= self._look_at_s):
            return False
        self._happened = False
        self._look_at_s = now_s + LOOK_EVERY_S
        settled = self._settling.settled(look(self._config, self._rules()), now_s)
        self._place()
        return settled

    @property
    def waiting(self) -> bool:
        """Whether to ask `changed` again within `QUIET_S`."""
        return self._happened or self._settling.waiting

    def _place(self) -> None:
        """Watch the folders that matter now: they come, go, and are replaced by others."""
        if not self._observer:
            return
        wanted = dict(_folders(self._config, self._rules()))
        if wanted == self._watched:
            return
        handler = _Handler(self._note)
        try:
            self._observer.unschedule_all()
            for folder in wanted:
                self._observer.schedule(handler, str(folder))
        except OSError as error:  # too many watches on this machine, or gone again
            self._give_up(error)
            wanted = {}
        self._watched = wanted

    def _note(self) -> None:
        self._happened = True
        self._wake()

    def _give_up(self, error: Exception) -> None:
        structlog.get_logger().warning(
            "files.unwatched", error=str(error), look_every_s=LOOK_EVERY_S
        )
        if self._observer and self._observer.is_alive():
            self._observer.stop()
        self._observer = None


class _Handler(FileSystemEventHandler):
    def __init__(self, note: Callable[[], None]) -> None:
        self._note = note

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in _READING:
            self._note()


def _folders(config: Path, rules: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """
    The folders in which a change shows, each with its device and inode.

    Beside those of the files, those of what links lead to, and that in which the rules
    directory will appear.
    """
    files = [config, rules, rules / "*"]
    with contextlib.suppress(OSError):
        files += [path for path in rules.iterdir() if path.is_symlink()]
    for path in files:
        for place in (path, Path(os.path.realpath(path))):
            with contextlib.suppress(OSError):
                at = place.parent.stat()
                yield place.parent, (at.st_dev, at.st_ino)
