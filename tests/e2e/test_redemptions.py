"""``points redeem`` and ``points cancel`` as a person uses them, and several at once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.given import Line
from support.installation import Installation
from support.running import running

PROGRAM = '[loyalty]\nstart = "2020-01-01"\npoints_worth_one = 80\n[credit]\n'
#: Beside the one that the store has.
OURS = "FROM oc_coupon WHERE name LIKE 'Redeemed%'"
CODE = r"(?:[2-9A-HJKMNP-Z]{4}-){3}[2-9A-HJKMNP-Z]{4}"


@pytest.fixture
def ann(installation: Installation) -> int:
    """A customer with 600 points, in a shop with a program."""
    ann = installation.given.customer("ann@example.com")
    (installation.folder / "rules.d" / "rules.toml").write_text(PROGRAM, "utf-8")
    installation.done("migrate")
    bought(installation, ann, "60")
    installation.done("once", "--yes")
    return ann


def bought(installation: Installation, customer: int, total: str) -> int:
    return installation.given.order(customer, total, lines=[Line(product=40, price=total)])


def uses(installation: Installation, customer: int) -> int:
    """*customer* paid an order with the only coupon."""
    order_id = bought(installation, customer, "60")
    (coupon_id,) = installation.column(f"SELECT coupon_id {OURS}")
    installation.given.insert(
        "coupon_history",
        {"amount": "0", "date_added": "2026-01-01"},
        coupon_id=coupon_id,
        order_id=order_id,
        customer_id=customer,
    )
    return order_id


def test_points_become_a_coupon_whose_code_is_told_to_who_asked(
    installation: Installation, ann: int
) -> None:
    made = installation.sidecar("points", "redeem", "ann@example.com", "401", "--reason", "nice")

    assert made.returncode == 0, made.stderr
    assert re.fullmatch(CODE + "\n", made.stdout)
    told = re.sub(r"through \S+;", "through D;", made.stderr)
    assert told == (
        f"401 points of customer {ann} became a coupon of 5.01 EUR, for goods of 5.01 and more,"
        " through D; 199 are left (redemption 1)\n"
    ).replace("of 5.01 and", "of 5.01 EUR and")
    code = made.stdout.strip()
    (found,) = installation.json("points", "show", str(ann))["redemptions"]
    assert (found["code"], found["state"], found["value"]) == (code, "open", "5.0100")
    assert (found["points"], found["reason"]) == (401, "nice")
    assert code in installation.done("points", "show", str(ann))

    installation.done("points", "cancel", "1", "--reason", "wrong customer")

    (found,) = installation.json("points", "show", str(ann))["redemptions"]
    assert (found["code"], found["state"], found["reason"]) == (None, "closing", "wrong customer")
    again = installation.sidecar("points", "cancel", "1", "--reason", "x")
    assert again.returncode == 64
    assert "redemption 1 has ended already" in again.stderr


def test_points_become_store_credit(installation: Installation, ann: int) -> None:
    made = installation.sidecar("points", "redeem", str(ann), "all", "--credit")

    assert (made.returncode, made.stdout) == (0, "")
    assert made.stderr == (
        f"600 points of customer {ann} became 7.50 EUR of store credit; 0 are left (redemption 1)\n"
    )
    credit = installation.column("SELECT CAST(amount AS CHAR) FROM oc_customer_transaction")
    assert credit == ["7.5000"]
    assert sum(installation.column("SELECT points FROM oc_customer_reward")) == 0
    refused = installation.sidecar("points", "cancel", "1", "--reason", "x")
    assert "became store credit" in refused.stderr
    assert installation.json("loyalty", "reconcile")["drift"] == 0


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ("601", "600 points are available, so 601 cannot be redeemed"),
        ("79", "at least 80 points are redeemed at once, and 79 were asked for"),
        ("0", "'0' is no number of points (1 or more, or `all`)"),
        ("-5", "No such option"),
        ("many", "'many' is no number of points"),
        ("9" * 18, "must be a whole number"),
    ],
)
def test_what_cannot_be_redeemed_is_refused(
    installation: Installation, ann: int, points: str, said: str
) -> None:
    refused = installation.sidecar("points", "redeem", str(ann), points)

    assert (refused.returncode, refused.stdout) == (64, "")
    assert said in refused.stderr
    assert installation.column(f"SELECT COUNT(*) {OURS}") == [0]


def test_of_several_who_redeem_one_balance_at_once_exactly_one_wins(
    installation: Installation, ann: int
) -> None:
    def redeem(number: int) -> int:
        more = ["--credit"] if number % 2 else []
        return installation.sidecar(
            "points", "redeem", str(ann), "600", *more, "--wait", "60"
        ).returncode

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(redeem, range(4)))

    assert codes == [0, 64, 64, 64]
    assert installation.column("SELECT points FROM oc_sidecar_redemption") == [600]
    assert installation.json("points", "show", str(ann))["available"] == 0
    made = installation.column(f"SELECT discount {OURS}")
    made += installation.column("SELECT amount FROM oc_customer_transaction")
    assert [str(one) for one in made] == ["7.5000"]
    assert installation.json("loyalty", "reconcile")["drift"] == 0


def test_the_daemon_finds_who_used_it_and_logs_no_code(
    installation: Installation, ann: int
) -> None:
    eve = installation.given.customer("eve@example.com")
    with running(installation) as daemon:
        daemon.logged("daemon.started")
        made = installation.json("points", "redeem", str(ann), "600")
        order_id = uses(installation, eve)
        daemon.until(
            lambda: installation.column("SELECT state FROM oc_sidecar_redemption") == ["foreign"],
            "it was found",
        )
        log = daemon.log

    assert made["code"] not in log
    (found,) = installation.json("points", "show", str(ann))["redemptions"]
    assert (found["order"], found["used_by"], found["code"]) == (order_id, eve, None)
    assert installation.json("points", "show", str(ann))["available"] == 600
    status = installation.sidecar("status")
    told = f"was used by customer {eve} for order {order_id}"
    assert told in status.stdout
    assert made["code"] not in status.stdout + status.stderr
    assert f"used by customer {eve}, points given back" in installation.done(
        "points", "show", str(ann)
    )
