"""The loop of the daemon over work that is only written down, on clocks that the test moves."""

from __future__ import annotations

import contextlib
import datetime
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sidecar.daemon.files import Files
from sidecar.daemon.http import Http
from sidecar.daemon.loop import Daemon
from sidecar.daemon.metrics import Metrics
from sidecar.daemon.signals import Signals
from sidecar.daemon.systemd import Systemd
from sidecar.daemon.work import Done, Lease, Pulse
from sidecar.errors import (
    ConfigError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    NotNowError,
    SchemaChangedError,
    SchemaError,
)
from sidecar.model import Moment
from sidecar.sync.state import Json

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime.datetime(2026, 4, 1, 10, 0, tzinfo=datetime.UTC)


class Clocks(Signals):
    """Signals that never come by themselves, and clocks that run while the loop waits."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.monotonic_s = 1_000.0
        self.ends_at_s = 1_000.0
        self.asked = False
        self.readable_at_s: list[float] = []
        self.step_s = 0.01

    def stopping(self) -> bool:
        return self.monotonic_s >= self.ends_at_s

    def reload_asked(self) -> bool:
        asked, self.asked = self.asked, False
        return asked

    def wait(self, seconds: float, also: int | None = None) -> bool:
        until_s = self.monotonic_s + max(seconds, self.step_s)
        if also is not None and self.readable_at_s and self.readable_at_s[0] <= until_s:
            self.pass_s(max(0.0, self.readable_at_s.pop(0) - self.monotonic_s))
            return True
        self.pass_s(until_s - self.monotonic_s)
        return False

    def pass_s(self, seconds: float) -> None:
        """Time goes by."""
        self.monotonic_s += seconds
        self.now += datetime.timedelta(seconds=seconds)


class Written:
    """
    Work that is only written down.

    Attributes:
        calls: Each duty with when it was called, in seconds since the start.
        fail: Raises what it likes; told the duty.
        results: What a duty answers, one after the other; else that there was nothing.
    """

    mode = "poll"

    def __init__(self, clocks: Clocks) -> None:
        self.clocks = clocks
        self.metrics = Metrics(lambda: clocks.now, lambda: clocks.monotonic_s)
        self.calls: list[tuple[str, float]] = []
        self.fail: Callable[[str], None] = lambda _duty: None
        self.results: dict[str, list[Done]] = {}
        self.last: int | None = int(NOON.timestamp())
        self.poll_interval_s = 2.0
        self.pulse: Callable[[Pulse], None] = lambda _pulse: None
        self.erase: Callable[[Pulse], None] = lambda _pulse: None
        self.heartbeats: list[Mapping[str, Json]] = []
        self.reports: list[tuple[str, str | None]] = []
        self.ours = True

    def at(self, duty: str) -> list[float]:
        """When *duty* was called."""
        return [at for name, at in self.calls if name == duty]

    def moment(self) -> Moment:
        return Moment(self.clocks.now, BERLIN)

    def fileno(self) -> int | None:
        return 7

    def capture(self) -> Mapping[str, Json]:
        return {}

    @contextlib.contextmanager
    def leading(self, wait_s: float) -> Iterator[Lease]:
        self._do("leading")
        self.ours = True
        yield Lease(7, self._verify)

    def _verify(self) -> None:
        self._do("verify")
        if not self.ours:
            raise DatabaseUnavailableError("the lock is lost")

    def begin(self) -> bool:
        self._do("begin")
        return False

    def reload(self) -> bool:
        self._do("reload")
        return True

    def commands(self, pulse: Pulse) -> Done:
        return self._do("commands")

    def hints(self, pulse: Pulse) -> Done:
        return self._do("hints")

    def log(self, pulse: Pulse) -> Done:
        return self._do("log")

    def poll(self, pulse: Pulse) -> Done:
        return self._do("poll")

    def due(self, pulse: Pulse) -> Done:
        return self._do("due")

    def last_full_pass_at(self) -> int | None:
        return self.last

    def full_pass(self, pulse: Pulse) -> Done:
        done = self._do("full_pass")
        self.pulse(pulse)
        self.last = self.moment().epoch_s
        return done

    def privacy(self, pulse: Pulse) -> Done:
        done = self._do("privacy")
        self.erase(pulse)
        return done

    def bell(self, pulse: Pulse) -> Done:
        return self._do("bell")

    def upkeep(self, pulse: Pulse) -> Done:
        return self._do("upkeep")

    def write_heartbeat(self, heartbeat: Mapping[str, Json]) -> None:
        self.heartbeats.append(heartbeat)

    def report(self, kind: str, message: str | None) -> None:
        self.reports.append((kind, message))

    def _do(self, duty: str) -> Done:
        self.calls.append((duty, round(self.clocks.monotonic_s - 1_000.0, 1)))
        self.fail(duty)
        results = self.results.get(duty)
        return results.pop(0) if results else Done()


class Told(Systemd):
    """What systemd would have heard, and when."""

    def __init__(self, clocks: Clocks, alive_every_s: float | None = None) -> None:
        super().__init__({})
        self.alive_every_s = alive_every_s
        self.clocks = clocks
        self.messages: list[tuple[str, float]] = []

    def _tell(self, message: str) -> None:
        self.messages.append((message.split("\n")[0], self.clocks.monotonic_s - 1_000.0))


class Listening(Http):
    """
    A server that does not listen.

    Attributes:
        problems: What comes of each try, one after the other; then that it is well.
        tries: How often it was tried.
    """

    def __init__(self) -> None:
        super().__init__(lambda: None, {})
        self.problems: list[str] = []
        self.tries = 0

    def renew(self) -> str | None:
        self.tries += 1
        return self.problems.pop(0) if self.problems else None


class Bench:
    """A daemon and everything around it."""

    def __init__(self, folder: Path, alive_every_s: float | None = None) -> None:
        self.clocks = Clocks()
        self.work = Written(self.clocks)
        self.told = Told(self.clocks, alive_every_s)
        self.http = Listening()
        files = Files(folder / "config.toml", lambda: folder / "rules.d")
        self.daemon = Daemon(
            self.work,
            self.clocks,
            files,
            self.told,
            self.http,
            now=lambda: self.clocks.now,
            monotonic=lambda: self.clocks.monotonic_s,
        )

    def run(self, seconds: float) -> Written:
        """Let it run for so long."""
        self.clocks.ends_at_s = self.clocks.monotonic_s + seconds
        self.daemon.run()
        return self.work


def _once(duty: str, error: Exception) -> Callable[[str], None]:
    """Makes the first call of *duty* fail."""
    left = [error]

    def fail(called: str) -> None:
        if called == duty and left:
            raise left.pop()

    return fail


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_commands_and_hints_are_asked_for_twice_a_second_however_rarely_it_polls(
    bench: Bench,
) -> None:
    bench.work.poll_interval_s = 60.0
    work = bench.run(10)

    assert 19 <= len(work.at("commands")) <= 21
    assert 19 <= len(work.at("hints")) <= 21
    assert work.at("poll") == [0.0]
    assert len(work.at("due")) == 2


def test_what_has_more_is_called_again_at_once_and_the_others_are_not_forgotten(
    bench: Bench,
) -> None:
    bench.work.results["poll"] = [Done(1_000, more=True)] * 5 + [Done(10)]
    work = bench.run(0.5)

    assert len(work.at("poll")) == 6
    assert bench.daemon.vitals.customers == 5_010


def test_what_concerns_everybody_brings_a_full_pass_at_once(bench: Bench) -> None:
    bench.work.results["poll"] = [Done(), Done(everyone=True)]
    work = bench.run(10)

    assert work.at("poll")[1] == pytest.approx(work.at("full_pass")[0], abs=0.6)
    assert len(work.at("full_pass")) == 1


def test_what_the_log_tells_is_looked_at_as_soon_as_it_can_be_read(bench: Bench) -> None:
    bench.clocks.readable_at_s = [1_000.2, 1_000.3, 1_003.1]
    work = bench.run(4)

    assert {0.2, 0.3, 3.1} <= set(work.at("log"))
    assert len(work.at("log")) <= 9


def test_full_passes_that_a_source_asks_for_keep_to_a_share_of_the_time(bench: Bench) -> None:
    bench.work.results["log"] = [Done(everyone=True)] * 100
    bench.work.pulse = lambda _pulse: bench.clocks.pass_s(6)
    work = bench.run(150)

    at = work.at("full_pass")
    long = [second - first for first, second in itertools.pairwise(at)]
    assert len([gap for gap in long if gap > 10.5]) in (2, 3)


def test_a_full_pass_that_a_person_asks_for_begins_at_once(bench: Bench) -> None:
    bench.work.pulse = lambda _pulse: bench.clocks.pass_s(6)
    bench.work.results["commands"] = [Done(everyone=True), Done(everyone=True)]
    work = bench.run(10)

    assert bench.daemon.vitals.last_full_pass_at is not None
    assert work.clocks.now.timestamp() - bench.daemon.vitals.last_full_pass_at < 10
    assert len([at for at in work.at("full_pass") if at < 8]) >= 2


def test_a_store_that_is_upgraded_is_waited_for_and_then_looked_at_anew(bench: Bench) -> None:
    def fail(duty: str) -> None:
        upgrading = bench.clocks.monotonic_s < 1_000.0 + 1_000.0
        if upgrading and (duty == "poll" or (duty == "begin" and len(bench.work.calls) > 5)):
            raise SchemaChangedError("Unknown column 'x'")

    bench.work.fail = fail
    work = bench.run(1_100)

    assert len(work.at("begin")) > 5
    assert work.at("begin")[-1] >= 1_000
    assert work.at("full_pass")[-1] >= work.at("begin")[-1]
    assert work.at("poll")[-1] > work.at("begin")[-1]
    assert "waiting" in bench.daemon.vitals.doing


def test_a_full_pass_is_done_at_the_start_when_there_was_none_and_then_each_night(
    bench: Bench,
) -> None:
    bench.work.last = None
    bench.clocks.step_s = 10.0  # two days of half seconds take long, also without a database
    work = bench.run(48 * 3_600)

    # At once, and at 3.30 in Berlin, which is 15.5 hours after noon there.
    at = [at / 3_600 for at in work.at("full_pass")]
    assert at[0] == 0
    assert at[1:] == pytest.approx([15.5, 39.5], abs=0.01)


@pytest.mark.parametrize("days", [-400, 3])
def test_a_clock_that_jumps_stalls_nothing(bench: Bench, days: int) -> None:
    bench.run(60)
    before = len(bench.work.at("commands"))
    bench.clocks.now += datetime.timedelta(days=days)
    work = bench.run(60)

    assert len(work.at("commands")) - before > 100
    assert len(work.at("full_pass")) == 1
    assert all(int(str(beat["lag_s"] or 0)) >= 0 for beat in work.heartbeats)


@pytest.mark.parametrize(("minutes", "passes"), [(-50, 1), (50, 0), (-0.5, 0)])
def test_a_clock_that_is_put_back_brings_a_full_pass(
    bench: Bench, minutes: float, passes: int
) -> None:
    bench.run(60)
    bench.clocks.now += datetime.timedelta(minutes=minutes)
    work = bench.run(60)

    assert len(work.at("full_pass")) == passes


def test_a_clock_that_was_ahead_for_a_moment_brings_a_full_pass(bench: Bench) -> None:
    bench.run(61)
    bench.clocks.now += datetime.timedelta(minutes=50)
    bench.run(1)
    bench.clocks.now -= datetime.timedelta(minutes=50)

    assert len(bench.run(60).at("full_pass")) == 1


def test_a_database_that_goes_away_is_tried_ever_more_rarely_and_said_once(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(duty: str) -> None:
        if 5 < bench.clocks.monotonic_s - 1_000 < 125:
            bench.work.ours = False
            raise DatabaseUnavailableError("gone")

    bench.work.fail = away
    work = bench.run(200)

    tries = [at for at in work.at("leading") if 5 < at < 125]
    assert 6 <= len(tries) <= 14
    assert work.at("leading")[-1] < 125 + 31
    assert work.at("commands")[-1] > 199
    said = capsys.readouterr().out
    assert said.count("database.lost") == said.count("database.back") == 1


def test_a_deadlock_does_not_cost_the_lock(bench: Bench) -> None:
    bench.work.fail = _once("poll", DatabaseUnavailableError("a deadlock with another session"))
    work = bench.run(10)

    assert len(work.at("leading")) == 1
    assert len(work.at("poll")) > 4


def test_a_privilege_that_is_lost_ends_it_after_some_minutes(bench: Bench) -> None:
    def refuse(duty: str) -> None:
        if duty == "poll" and bench.clocks.monotonic_s > 1_010:
            raise DatabaseRefusedError("SELECT denied")

    bench.work.fail = refuse
    with pytest.raises(DatabaseRefusedError):
        bench.run(3_600)

    assert 300 < bench.clocks.monotonic_s - 1_010 < 340


@pytest.mark.parametrize("error", [DatabaseUnavailableError, DatabaseRefusedError])
def test_a_database_that_is_not_there_at_the_start_ends_it(
    bench: Bench, error: type[Exception]
) -> None:
    def refuse(duty: str) -> None:
        raise error("no server answers")

    bench.work.fail = refuse
    with pytest.raises(error):
        bench.run(60)


def test_a_lock_that_another_took_over_ends_it(bench: Bench) -> None:
    def taken(duty: str) -> None:
        if bench.clocks.monotonic_s > 1_020:
            bench.work.ours = False
            if duty == "leading":
                raise NotNowError("another sidecar holds the lock")

    bench.work.fail = taken
    with pytest.raises(NotNowError):
        bench.run(60)

    # Asked every five seconds: so long may two write at most.
    late = [duty for duty, at in bench.work.calls if at > 26]
    assert "hints" not in late


def test_tables_that_a_newer_program_made_end_it(bench: Bench) -> None:
    def newer(duty: str) -> None:
        if duty == "begin":
            raise SchemaError("own tables", "made by a newer sidecar")

    bench.work.fail = newer
    with pytest.raises(SchemaError):
        bench.run(60)


def test_a_broken_reload_is_reported_and_mended_by_a_good_one(bench: Bench) -> None:
    bench.work.fail = _once("reload", ConfigError("rules.d", "no"))
    bench.clocks.asked = True
    bench.run(10)
    assert bench.daemon.vitals.reload_error == "rules.d: no"
    bench.clocks.asked = True
    work = bench.run(10)

    assert bench.daemon.vitals.reload_error == ""
    assert [message for kind, message in work.reports if kind == "reload.refused"] == [
        "the old settings and rules hold: rules.d: no",
        None,
    ]
    assert len(work.at("full_pass")) == 1
    messages = [message for message, _ in bench.told.messages]
    assert messages.count("RELOADING=1") == 2


def test_a_reload_that_the_database_interrupts_is_done_later(bench: Bench) -> None:
    bench.work.fail = _once("reload", DatabaseUnavailableError("gone"))
    bench.clocks.asked = True
    work = bench.run(10)

    assert len(work.at("reload")) == 2


def test_systemd_hears_of_a_long_pass_and_nothing_while_it_hangs(tmp_path: Path) -> None:
    bench = Bench(tmp_path, alive_every_s=10.0)
    bench.work.last = None

    def long(pulse: Pulse) -> None:
        for done in range(20):
            bench.clocks.pass_s(10)
            pulse.beat(done, 20)
        bench.clocks.pass_s(100)

    bench.work.pulse = long
    bench.run(600)

    pings = [at for message, at in bench.told.messages if message == "WATCHDOG=1"]
    gaps = [later - sooner for sooner, later in itertools.pairwise(pings)]
    assert sorted(gaps)[-1] == pytest.approx(100, abs=1)
    assert sorted(gaps)[-2] <= 10.1
    assert "full pass, 19 of 20 customers" in str(bench.told.messages)


def test_a_long_pass_asks_whether_the_lock_is_still_ours(bench: Bench) -> None:
    bench.work.last = None
    reached: list[int] = []

    def long(pulse: Pulse) -> None:
        for done in range(20):
            bench.clocks.pass_s(3)
            if done == 4:
                bench.work.ours = False
            pulse.beat(done, 20)
            reached.append(done)

    bench.work.pulse = long
    bench.run(30)

    assert max(reached) < 7


def test_what_rings_does_not_wait_for_an_erasure(bench: Bench) -> None:
    erased: list[float] = []

    def long(pulse: Pulse) -> None:
        for _ in range(100):
            bench.clocks.pass_s(0.1)
            pulse.meanwhile()
        erased.append(bench.clocks.monotonic_s - 1_000.0)
        assert bench.daemon.vitals.doing == "privacy"

    bench.work.erase = long
    bench.run(30)

    (ended,) = erased
    began = ended - 10
    during = [(duty, at) for duty, at in bench.work.calls if began < at < ended - 0.05]
    assert {duty for duty, _ in during} == {"hints", "log", "poll", "due"}
    assert [at - began for duty, at in during if duty == "poll"] == pytest.approx(
        [2, 4, 6, 8], abs=0.5
    )
    assert len([at for duty, at in during if duty == "hints"]) >= 18


def test_a_source_that_fails_meanwhile_does_not_end_an_erasure(bench: Bench) -> None:
    erased: list[int] = []

    def long(pulse: Pulse) -> None:
        for done in range(100):
            bench.clocks.pass_s(0.1)
            pulse.meanwhile()
            erased.append(done)

    def fail(duty: str) -> None:
        if duty == "poll" and bench.daemon.vitals.doing == "poll" and 0 < len(erased) < 50:
            raise DatabaseUnavailableError("gone for a moment")

    bench.work.erase, bench.work.fail = long, fail
    bench.run(30)

    assert len(erased) == 100


def test_a_full_pass_that_fails_is_tried_again_some_minutes_later(bench: Bench) -> None:
    bench.work.last = None

    def fail(duty: str) -> None:
        if duty == "full_pass" and bench.clocks.monotonic_s < 1_500:
            raise DatabaseUnavailableError("the statement took longer than it may")

    bench.work.fail = fail
    work = bench.run(1_000)

    assert [round(at, -1) for at in work.at("full_pass")] == [0.0, 600.0]
    assert len(work.at("commands")) > 1_500


def test_it_says_how_it_is(bench: Bench) -> None:
    bench.work.results["hints"] = [Done(3)]
    work = bench.run(20)

    beat = work.heartbeats[-1]
    assert beat["connection_id"] == 7
    assert beat["customers"] == 3
    assert beat["lag_s"] in (0, 1, 2)
    assert int(str(beat["memory_mb"])) > 1
    assert len(work.heartbeats) == 4


def _told(bench: Bench, name: str, **labels: str) -> float | None:
    return bench.work.metrics.meters.registry.get_sample_value(f"sidecar_{name}", labels)


def test_what_the_loop_does_is_counted(bench: Bench) -> None:
    bench.work.last = None
    bench.work.results["poll"] = [Done(1_000, more=True), Done(10), Done()]
    bench.work.results["full_pass"] = [Done(5_000)]
    bench.work.pulse = lambda _pulse: bench.clocks.pass_s(40)
    bench.run(60)

    assert _told(bench, "cycle_customers_total") == 6_010
    assert _told(bench, "cycle_seconds_count", duty="poll") == 2
    assert _told(bench, "cycle_seconds_count", duty="hints") == 0
    assert _told(bench, "full_pass_seconds") == 40
    assert _told(bench, "mode", mode="poll") == 1


def test_it_is_ready_while_it_leads_and_the_database_answers(bench: Bench) -> None:
    ready: dict[int, float | None] = {}
    died: list[float] = []
    readyz = bench.work.metrics.pages()["/readyz"]

    def away(duty: str) -> None:
        at = bench.clocks.monotonic_s - 1_000
        ready.setdefault(int(at), _told(bench, "ready"))
        if bench.work.metrics.pages()["/livez"]().status != 200:
            died.append(at)
        if 100 < at < 200:
            bench.work.ours = False
            raise DatabaseUnavailableError("gone")

    bench.work.fail = away
    bench.run(300)

    away_at = [at for at, found in ready.items() if not found]
    assert away_at[0] == 0
    assert 100 < away_at[1] < 110
    assert 200 <= max(away_at) < 235
    assert {found for at, found in ready.items() if at > 235} == {1.0}
    assert died == []
    assert (_told(bench, "database_errors_total", **{"class": "unavailable"}) or 0) > 3
    assert _told(bench, "database_reconnects_total") == 1
    assert readyz().body == "it does not lead\n"


def test_one_that_hangs_is_dead_and_one_in_a_long_pass_is_not(bench: Bench) -> None:
    bench.work.last = None
    statuses: list[int] = []
    livez = bench.work.metrics.pages()["/livez"]

    def long(pulse: Pulse) -> None:
        for seconds in (59, 59, 61):
            bench.clocks.pass_s(seconds)
            statuses.append(livez().status)
            pulse.beat()

    bench.work.pulse = long
    bench.run(10)

    assert statuses == [200, 200, 503]


def test_settings_that_are_refused_show_until_good_ones_come(bench: Bench) -> None:
    bench.work.fail = _once("reload", ConfigError("rules.d", "no"))
    bench.clocks.asked = True
    bench.run(10)
    assert _told(bench, "reload_failing") == 1

    bench.clocks.asked = True
    bench.run(10)
    assert _told(bench, "reload_failing") == 0


def test_a_place_in_use_is_reported_and_tried_again_at_a_reload(bench: Bench) -> None:
    bench.http.problems = ["it is in use"]
    bench.run(10)
    assert bench.work.reports == [("http.refused", "it is in use")]
    assert bench.work.at("poll") != []

    bench.work.reports.clear()
    bench.clocks.ends_at_s += 10
    bench.clocks.asked = True
    bench.run(10)
    assert bench.work.reports[-1] == ("http.refused", None)
    assert bench.http.tries == 3
