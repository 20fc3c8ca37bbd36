"""What compiled rules say about a frame of facts; the same for one customer and for all."""

from __future__ import annotations

import polars as pl

from sidecar.model import Moment
from sidecar.rules.compile import folded
from sidecar.rules.compile_ruleset import Compiled
from sidecar.rules.instants import next_instant
from sidecar.rules.ladder import MEMORY

#: What the ladder says beside its memory.
_LADDER_SAYS = ("move_from", "move_to", "move_why", "group_note")


def prepared(frame: pl.DataFrame, compiled: Compiled, moment: Moment) -> pl.DataFrame:
    """*frame* with the boundaries of *moment* and the folded texts that conditions compare with."""
    return frame.with_columns(
        *(pl.lit(b.value(moment), dtype=pl.Int64).alias(b.column) for b in compiled.boundaries),
        *(folded(frame[key]) for key in compiled.folded),
    )


def worked_out(compiled: Compiled, frame: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """*frame*, as for `evaluate`, with everything that comes out, also on the way."""
    frame = prepared(frame, compiled, moment)
    for level in compiled.levels:
        frame = frame.with_columns(level)
    for words in compiled.says:
        frame = frame.with_columns(words)
    return frame


def evaluate(compiled: Compiled, frame: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """
    What should be for every customer of *frame*.

    Args:
        frame: ``customer_id``, every column of *compiled*, and what stands: ``was:verdict``
            words, ``on``, ``off`` and ``req`` words of people's and others' assertions, the
            same of segments under ``was:segment_verdict`` and ``segment_on`` …, what the
            ladder asks for where there is one, and ``until_at``, when the next pin ends.

    Returns:
        In the frame's order: ``customer_id``, the words, the ladder's memory and moves, and
        ``next_at``, before which time alone changes nothing; null: it never does.
    """
    return told(compiled, worked_out(compiled, frame, moment), moment)


def told(compiled: Compiled, frame: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """What `evaluate` returns, of a frame that is `worked_out`."""
    says = ["customer_id"]
    for kind in ("verdict", "tags"):
        says += [f"{kind}{word}" for word in range(compiled.words)]
    for kind in ("segment_verdict", "segments"):
        says += [f"{kind}{word}" for word in range(compiled.segment_words)]
    instants = [pl.col("until_at"), next_instant(compiled.timed, moment)]
    if compiled.has_ladder:
        says += ["rungs", *MEMORY, *_LADDER_SAYS, "pin_group_ended", "rungs_out_ended"]
        instants.append(pl.col("ladder_at"))
    return frame.select(*says, pl.min_horizontal(instants).alias("next_at"))
