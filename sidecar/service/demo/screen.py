"""What the demo shows: live on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from sidecar.service.demo.events import Answer, Came, Event, Latency

#: Events on the screen at a time.
SHOWN = 14

_BAR = 16

#: Told how much is done, and of how much.
Report = Callable[[int, int], None]


class Screen:
    """
    Shows the demo on *console*.

    Attributes:
        live: The last state of the live part, for pictures; None before it began.
        summary: The last part, for pictures; None before the end.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._answers: dict[Event, Answer] = {}
        self.live: RenderableType | None = None
        self.summary: RenderableType | None = None

    def say(self, text: str) -> None:
        """A line of its own."""
        self._console.print(Text(text))

    @contextlib.contextmanager
    def progress(self, label: str) -> Iterator[Report]:
        """A progress bar on a terminal, nothing elsewhere."""
        if not self._console.is_terminal:
            yield lambda _done, _total: None
            return
        columns = (TextColumn(label), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(label, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    @contextlib.contextmanager
    def events(self) -> Iterator[Callable[[Answer], None]]:
        """Show each event as it comes, and once more with what came of it."""
        if not self._console.is_terminal:
            yield self._tell
            return
        with Live(self._picture(), console=self._console, refresh_per_second=8) as live:

            def show(answer: Answer) -> None:
                self._answers[answer.event] = answer
                live.update(self._picture())

            yield show

    def end(
        self,
        counts: Mapping[tuple[str, str], int],
        conditions: Mapping[tuple[str, str], str],
        latency: Latency,
    ) -> None:
        """
        The summary.

        Args:
            counts: How many customers each rule has, by its kind and name.
            conditions: What each means.
        """
        chart = Table.grid(padding=(0, 2))
        chart.add_column(style="dim", no_wrap=True)
        chart.add_column(no_wrap=True)
        chart.add_column(no_wrap=True, justify="right")
        chart.add_column(no_wrap=True, style="cyan")
        chart.add_column(style="dim")
        largest = max((*counts.values(), 1))
        kinds = list(dict.fromkeys(kind for kind, _ in counts))
        for rule, count in sorted(
            counts.items(), key=lambda one: (kinds.index(one[0][0]), -one[1])
        ):
            bar = "█" * max(round(count / largest * _BAR), 1 if count else 0)
            chart.add_row(rule[0], Text(rule[1]), f"{count:,}", bar, Text(conditions[rule]))
        changed = sum(1 for answer in self._answers.values() if answer.came)
        text = Text.assemble(
            f"{len(self._answers)} things happened, {changed} changed what somebody is. ",
            "From the store's commit to the written result: ",
            (f"median {latency.median_ms / 1000:.1f} s, p95 {latency.p95_ms / 1000:.1f} s", "bold"),
            ".",
        )
        self.summary = Group(Text("Customers by rule", "bold"), chart, Text(), text)
        self._console.print(self.summary)

    def _tell(self, answer: Answer) -> None:
        """A line for each event, when it is known what came of it."""
        self._answers[answer.event] = answer
        if answer.came is None:
            return
        event = answer.event
        self._console.print(
            Text.assemble(
                f"{answer.at_s:6.1f} s  {event.name} (#{event.customer_id}) {event.what}",
                *(f"  {part}" for part in [_said(answer.came)] if part.plain),
                "" if answer.took_ms is None else f"  after {answer.took_ms / 1000:.1f} s",
            ),
            soft_wrap=True,
        )

    def _picture(self) -> RenderableType:
        table = Table(expand=True, box=None, pad_edge=False)
        table.add_column("second", justify="right", style="dim", no_wrap=True, min_width=6)
        table.add_column("customer", no_wrap=True, min_width=15)
        table.add_column("in the store", no_wrap=True, min_width=22)
        table.add_column("what came of it", no_wrap=True, ratio=1)
        table.add_column("after", justify="right", no_wrap=True, min_width=6)
        for answer in list(self._answers.values())[-SHOWN:]:
            table.add_row(
                f"{answer.at_s:.1f}",
                answer.event.name,
                answer.event.what,
                Text("…", "dim") if answer.came is None else _said(answer.came),
                "" if answer.took_ms is None else f"{answer.took_ms / 1000:.1f} s",
            )
        answers = list(self._answers.values())
        title = "1 event" if len(answers) == 1 else f"{len(answers)} events"
        if any(answer.took_ms is not None for answer in answers):
            title += f", median {Latency.of(answers).median_ms / 1000:.1f} s"
        self.live = Panel(table, title=title, title_align="left", border_style="blue")
        return self.live


def _said(came: Came) -> Text:
    parts = [Text(f"+{tag}", "green") for tag in came.gained]
    parts += [Text(f"-{tag}", "red") for tag in came.lost]
    parts += [Text(f"→ {came.group}", "bold magenta")] if came.group else []
    parts += [Text(f"in {segment}", "cyan") for segment in came.entered]
    parts += [Text(f"out of {segment}", "dim cyan") for segment in came.left]
    return Text("  ").join(parts)
