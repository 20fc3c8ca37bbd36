"""What the demo shows: live on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from sidecar.service.demo.events import Answer, Latency

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
        self._latest: deque[Answer] = deque(maxlen=SHOWN)
        self._answers: list[Answer] = []
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
        """Show each answer as it comes."""
        if not self._console.is_terminal:
            yield self._tell
            return
        with Live(self._picture(), console=self._console, refresh_per_second=8) as live:

            def show(answer: Answer) -> None:
                self._keep(answer)
                live.update(self._picture())

            yield show

    def end(self, tags: Mapping[str, int], conditions: Mapping[str, str], latency: Latency) -> None:
        """
        The summary.

        Args:
            tags: How many customers have each.
            conditions: What each means.
        """
        chart = Table.grid(padding=(0, 2))
        chart.add_column(no_wrap=True)
        chart.add_column(no_wrap=True, justify="right")
        chart.add_column(no_wrap=True, style="cyan")
        chart.add_column(style="dim")
        largest = max((*tags.values(), 1))
        for tag, count in sorted(tags.items(), key=lambda pair: -pair[1]):
            bar = "█" * max(round(count / largest * _BAR), 1 if count else 0)
            chart.add_row(Text(tag), f"{count:,}", bar, Text(conditions.get(tag, "")))
        changed = sum(1 for answer in self._answers if answer.gained or answer.lost)
        text = Text.assemble(
            f"{len(self._answers)} things happened, {changed} changed somebody's tags. ",
            "From the store's commit to the written result: ",
            (f"median {latency.median_ms:.0f} ms, p95 {latency.p95_ms:.0f} ms", "bold"),
            ".",
        )
        self.summary = Group(Text("Customers with each tag", "bold"), chart, Text(), text)
        self._console.print(self.summary)

    def _keep(self, answer: Answer) -> None:
        self._answers.append(answer)
        self._latest.append(answer)

    def _tell(self, answer: Answer) -> None:
        self._keep(answer)
        event = answer.event
        self._console.print(
            Text.assemble(
                f"{answer.at_s:6.1f} s  {event.name} (#{event.customer_id}) {event.what}",
                *(f"  {part}" for part in [_tags(answer)] if part.plain),
                f"  {answer.took_ms:.0f} ms",
            ),
            soft_wrap=True,
        )

    def _picture(self) -> RenderableType:
        table = Table(expand=True, box=None, pad_edge=False)
        table.add_column("second", justify="right", style="dim", no_wrap=True, min_width=6)
        table.add_column("customer", no_wrap=True, min_width=15)
        table.add_column("in the store", no_wrap=True, min_width=22)
        table.add_column("tags", no_wrap=True, ratio=1)
        table.add_column("written in", justify="right", no_wrap=True, min_width=10)
        for answer in self._latest:
            table.add_row(
                f"{answer.at_s:.1f}",
                answer.event.name,
                answer.event.what,
                _tags(answer),
                f"{answer.took_ms:.0f} ms",
            )
        latency = Latency.of(self._answers)
        title = f"{len(self._answers)} events, median {latency.median_ms:.0f} ms"
        self.live = Panel(table, title=title, title_align="left", border_style="blue")
        return self.live


def _tags(answer: Answer) -> Text:
    parts = [Text(f"+{tag}", "green") for tag in answer.gained]
    parts += [Text(f"-{tag}", "red") for tag in answer.lost]
    return Text("  ").join(parts)
