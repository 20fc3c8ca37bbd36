"""Every scenario by its name, with the store it needs and how often it is done in full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chaos import (
    capture,
    clocks,
    damage,
    disk,
    groups,
    hostile,
    kills,
    leaders,
    network,
    race,
    random_ops,
    schema,
    soak,
)
from chaos.bed import DURABLE, Bed, Beds, Found


@dataclass(frozen=True, slots=True)
class Scenario:
    """
    One way in which things go wrong.

    Attributes:
        name: For people.
        times: How often, in the long form.
        run: Does it so often, with a seed.
        make: Makes the store.
    """

    name: str
    times: int
    run: Callable[[Bed, int, int], Found]
    make: Callable[[Beds], Bed] = lambda made: made.make(DURABLE)

    @property
    def about(self) -> str:
        """What happens, in a sentence."""
        return (self.run.__doc__ or "").strip().splitlines()[0]


def _careless(made: Beds) -> Bed:
    return made.make({"sync-binlog": 0, "innodb-flush-log-at-trx-commit": 0})


def _by_network(made: Beds) -> Bed:
    return made.make(DURABLE, tcp=True)


def _without_checksums(made: Beds) -> Bed:
    return made.make({**DURABLE, "binlog-checksum": "NONE"}, tcp=True)


def _without_transactions(made: Beds) -> Bed:
    return made.make(DURABLE, engines={"customer": "MyISAM", "customer_reward": "MyISAM"})


SCENARIOS = [
    Scenario("kill-daemon", 300, kills.kill_daemon),
    Scenario("kill-database", 20, kills.kill_database),
    Scenario("kill-database-careless", 20, kills.kill_database, _careless),
    Scenario("lose-the-end-of-the-log", 5, kills.lose_the_end_of_the_log, _careless),
    Scenario("kill-at-each-step", 3, kills.kill_at_each_step),
    Scenario("kill-in-a-move", 5, kills.kill_in_a_move, _without_transactions),
    Scenario("change-the-log", 3, capture.change_the_log),
    Scenario("edit-behind-the-log", 10, capture.edit_behind_the_log),
    Scenario("read-twice", 20, capture.read_twice),
    Scenario("two-daemons", 10, leaders.two_daemons),
    Scenario("split-brain", 20, leaders.split_brain),
    Scenario("admins-edit", 10_000, groups.admins_edit),
    Scenario("admins-edit-apart", 5_000, groups.admins_edit_now_and_then),
    Scenario("plugin-flips-back", 10, groups.plugin_flips_back),
    Scenario("freeze", 5, network.freeze),
    Scenario("break-connections", 4, network.break_connections, _by_network),
    Scenario("damage-the-log", 20, damage.damage_the_log, _by_network),
    Scenario(
        "damage-the-log-bare", 20, damage.damage_the_log_without_checksums, _without_checksums
    ),
    Scenario("hold-commits", 20, race.hold_commits),
    Scenario("alter-tables", 3, schema.alter_tables),
    Scenario("hostile-rows", 5, hostile.write_hostile_rows),
    Scenario("clocks-jump", 2, clocks.jump),
    Scenario("fill-the-disk", 3, disk.fill_disk, lambda made: made.make(DURABLE, small_disk=True)),
    Scenario("soak", 15, soak.soak),
    Scenario("anything", 100, random_ops.do_anything),
]
