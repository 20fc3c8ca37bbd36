"""The charts of the bridge in a browser: what is drawn, and what is read of it."""

from __future__ import annotations

import html
import itertools
import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, ViewportSize

from bridge.php_database import BRIDGE

CHART = BRIDGE / "admin" / "view" / "javascript" / "chart.js"
ADDRESS = "http://admin.test/"

HOSTILE = "</text></svg><img src=x onerror=alert(1)>'\"&amp; \\ 🦊"


@pytest.fixture
def viewport() -> ViewportSize:
    return {"width": 800, "height": 600}


def drawn(page: Page, given: object, kind: str = "bars", title: str = "Orders by month") -> Locator:
    """A chart of *given*, on a page of its own that has nothing else."""
    text = given if isinstance(given, str) else json.dumps(given)
    body = (
        '<!DOCTYPE html><html lang="en"><body><div id="around">'
        f'<sidecar-chart type="{kind}" title="{html.escape(title)}" data="{html.escape(text)}">'
        '</sidecar-chart></div><script type="module" src="/chart.js"></script></body></html>'
    )

    def answer(route: Route) -> None:
        if route.request.url == f"{ADDRESS}chart.js":
            route.fulfill(path=CHART, content_type="text/javascript")
        elif route.request.url == ADDRESS:
            route.fulfill(body=body, content_type="text/html; charset=utf-8")
        else:
            route.fulfill(status=404)

    page.route("**/*", answer)
    page.goto(ADDRESS)
    page.wait_for_function("!!customElements.get('sidecar-chart')")
    return page.locator("sidecar-chart")


def of(*values: float | None, **more: object) -> dict[str, object]:
    """Data of one series, with a label for each value."""
    return {
        "labels": [f"{place + 1:02}/26" for place in range(len(values))],
        "axis": "Month",
        "series": [{"name": "Orders", "values": values, **more}],
    }


def heights(chart: Locator) -> list[float]:
    found: list[float] = chart.locator("rect").evaluate_all(
        "(bars) => bars.map((bar) => Number(bar.getAttribute('height')))"
    )
    return found


def across(chart: Locator) -> float:
    """Where zero is: the strongest line."""
    return float(chart.locator("line[stroke-opacity='0.6']").get_attribute("y1") or "nan")


def ticks(page: Page, *arguments: float) -> list[float]:
    drawn(page, of(1))
    found: list[float] = page.evaluate(
        "(given) => import('/chart.js').then((chart) => chart.ticks(...given))", list(arguments)
    )
    return found


# -- marks -----------------------------------------------------------------------------------


def test_a_bar_stands_for_each_value_as_high_as_it_is(page: Page) -> None:
    chart = drawn(page, of(1, 4, 0, 2))

    one, four, nothing, two = heights(chart)
    assert four == pytest.approx(4 * one)
    assert two == pytest.approx(2 * one)
    assert nothing == 0


def test_nothing_is_drawn_where_there_is_no_value(page: Page) -> None:
    chart = drawn(page, of(3, None, 5))

    assert len(heights(chart)) == 2
    assert chart.locator("rect title").all_text_contents() == [
        "01/26 · Orders: 3",
        "03/26 · Orders: 5",
    ]


def test_what_is_below_zero_hangs_from_the_line_of_zero(page: Page) -> None:
    chart = drawn(page, of(10, -10))

    tops: list[float] = chart.locator("rect").evaluate_all(
        "(bars) => bars.map((bar) => Number(bar.getAttribute('y')))"
    )
    up, down = heights(chart)
    assert up == pytest.approx(down)
    assert tops[0] + up == pytest.approx(across(chart))
    assert tops[1] == pytest.approx(across(chart))


def test_a_line_has_a_point_for_each_value_and_breaks_where_there_is_none(page: Page) -> None:
    chart = drawn(page, of(1, 2, None, -3, 4), "line")

    assert chart.locator("circle").count() == 4
    path = chart.locator("path").get_attribute("d") or ""
    assert (path.count("M"), path.count("L")) == (2, 2)
    assert chart.locator("rect").count() == 0


@pytest.mark.parametrize(("kind", "mark"), [("bars", "rect"), ("line", "circle")])
def test_series_stand_side_by_side_in_colours_of_their_own(
    page: Page, kind: str, mark: str
) -> None:
    data = of(1, 2, 3)
    data["series"] = [{"name": name, "values": [1, 2, 3]} for name in ("Bought", "Returned")]
    chart = drawn(page, data, kind)

    marks = chart.locator(f"svg[role='img'] {mark}")
    assert marks.count() == 6
    colours = {marks.nth(place).get_attribute("fill") for place in range(6)}
    assert len(colours) == 2
    if kind == "bars":
        edges: list[list[float]] = marks.evaluate_all(
            "(bars) => bars.map((bar) => [bar.x.baseVal.value,"
            " bar.x.baseVal.value + bar.width.baseVal.value])"
        )
        edges.sort()
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(edges))


@pytest.mark.parametrize("kind", ["bars", "line"])
@pytest.mark.parametrize(
    "values",
    [[7.0], [0.0, 0.0], [1e9, 1.0], [-5.0, -1.0], [0.001, 0.002], [float(n) for n in range(60)]],
    ids=["one", "zeros", "far apart", "all negative", "tiny", "many"],
)
def test_everything_that_is_drawn_is_inside_the_picture(
    page: Page, values: list[float], kind: str
) -> None:
    chart = drawn(page, of(*values), kind)

    out = chart.locator("svg").evaluate(
        """(svg) => [...svg.querySelectorAll('rect, circle, line, text')].filter((each) => {
          const [mark, all] = [each.getBoundingClientRect(), svg.getBoundingClientRect()];
          return !(mark.left >= all.left - 1 && mark.right <= all.right + 1
            && mark.top >= all.top - 1 && mark.bottom <= all.bottom + 1);
        }).map((each) => each.outerHTML)"""
    )
    assert out == []
    assert chart.locator("rect, circle").count() == len(values)


@pytest.mark.parametrize("data", ["", "{", "null", "[]", '{"labels": 1}', '{"labels":[]}'])
def test_of_what_is_no_data_nothing_is_drawn(page: Page, data: str) -> None:
    assert drawn(page, data).locator("*").count() == 0


# -- axes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("least", "most"),
    [(0, 1), (0, 7), (0, 99), (0, 100), (0, 101), (-3, 12), (-40, -2), (0, 0.03), (0, 123456.78)],
)
def test_marks_of_an_axis_are_round_equally_far_apart_and_cover_everything(
    page: Page, least: float, most: float
) -> None:
    found = ticks(page, least, most)

    assert found[0] <= least
    assert found[-1] >= most
    assert 0 in found
    assert 3 <= len(found) <= 7
    step = found[1] - found[0]
    assert [b - a for a, b in itertools.pairwise(found)] == pytest.approx([step] * (len(found) - 1))
    # Round: of at most two digits.
    digits = f"{step:.9e}".partition("e")[0]
    assert float(digits) in (1, 2, 2.5, 5)


def test_between_whole_numbers_the_axis_has_no_marks(page: Page) -> None:
    assert ticks(page, 0, 1, 1) == [0, 1]
    assert ticks(page, 0, 3, 1) == [0, 1, 2, 3]
    chart = drawn(page, of(1, 2))

    written = chart.locator("text[text-anchor=end]").all_text_contents()
    assert written == ["0", "1", "2"]


def test_an_axis_without_any_height_still_has_two_ends(page: Page) -> None:
    assert ticks(page, 0, 0) == [0, 1]


def test_labels_never_overlap_and_the_last_one_is_there(page: Page) -> None:
    chart = drawn(page, of(*range(120)))

    boxes: list[list[float]] = chart.locator("text[text-anchor=middle]").evaluate_all(
        "(texts) => texts.map((each) => each.getBoundingClientRect()).map((b) => [b.left, b.right])"
    )
    assert 2 <= len(boxes) < 120
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(boxes))
    assert chart.locator("text[text-anchor=middle]").last.text_content() == "120/26"


# -- read ------------------------------------------------------------------------------------


def test_who_cannot_see_it_reads_a_table_of_every_value(page: Page) -> None:
    chart = drawn(page, of(1234, None, -2))

    assert chart.locator("svg").get_attribute("role") == "img"
    assert chart.locator("svg").get_attribute("aria-label") == "Orders by month"
    table = chart.locator("table.visually-hidden")
    assert table.locator("caption").text_content() == "Orders by month"
    assert table.locator("thead th").all_text_contents() == ["Month", "Orders"]
    rows = table.locator("tbody tr")
    assert [rows.nth(n).locator("th, td").all_text_contents() for n in range(3)] == [
        ["01/26", "1,234"],
        ["02/26", ""],
        ["03/26", "-2"],
    ]


def test_values_are_read_as_their_texts_say(page: Page) -> None:
    chart = drawn(page, of(12.5, None, texts=["€12.50", "–"]))

    assert chart.locator("td").all_text_contents() == ["€12.50", "–"]
    assert chart.locator("rect title").text_content() == "01/26 · Orders: €12.50"


@pytest.mark.parametrize("kind", ["bars", "line"])
def test_a_hostile_label_is_text(page: Page, kind: str) -> None:
    data: dict[str, Any] = {
        "labels": [HOSTILE],
        "axis": HOSTILE,
        "series": [{"name": HOSTILE, "values": [1], "texts": [HOSTILE]}],
    }
    chart = drawn(page, data, kind, title=HOSTILE)

    assert page.locator("img").count() == 0
    assert chart.locator("caption, thead th, tbody th, td").all_text_contents() == [HOSTILE] * 5
    assert chart.locator("svg").get_attribute("aria-label") == HOSTILE
    title = chart.locator("rect title, circle title").text_content()
    assert title == f"{HOSTILE} · {HOSTILE}: {HOSTILE}"


# -- again -----------------------------------------------------------------------------------


def test_it_follows_the_room_it_has_and_does_not_grow_by_itself(page: Page) -> None:
    chart = drawn(page, of(*range(12)))
    svg = chart.locator("svg")
    for width in (300, 700, 390):
        page.evaluate(f"document.querySelector('#around').style.width = '{width}px'")
        page.wait_for_function(f"document.querySelector('svg').getAttribute('width') === '{width}'")
        before = chart.bounding_box()
        page.wait_for_timeout(150)

        assert chart.bounding_box() == before
        assert (svg.count(), chart.locator("table").count()) == (1, 1)
        assert chart.locator("rect").count() == 12


def test_in_a_tab_that_is_closed_it_waits_until_it_is_seen(page: Page) -> None:
    chart = drawn(page, of(1, 2))
    page.evaluate("document.querySelector('#around').style.display = 'none'")
    data = json.dumps(of(1, 2, 3))
    chart.evaluate("(chart, data) => chart.setAttribute('data', data)", data)
    assert chart.locator("rect").count() == 2
    page.evaluate("document.querySelector('#around').style.display = ''")
    chart.locator("rect").nth(2).wait_for(state="attached")

    assert chart.locator("rect").count() == 3


def test_in_a_tab_that_opens_in_the_same_moment_it_is_drawn(page: Page) -> None:
    chart = drawn(page, of(1, 2))
    chart.evaluate(
        """(chart, data) => {
          const around = document.querySelector('#around');
          around.style.display = 'none';
          chart.setAttribute('data', data);
          around.style.display = '';
        }""",
        json.dumps(of(1, 2, 3)),
    )
    chart.locator("rect").nth(2).wait_for(state="attached")

    assert chart.locator("rect").count() == 3


def test_new_data_are_drawn_instead_of_the_old(page: Page) -> None:
    chart = drawn(page, of(1, 2))
    chart.evaluate("(chart, data) => chart.setAttribute('data', data)", json.dumps(of(3, 4, 5)))
    assert chart.locator("td").all_text_contents() == ["3", "4", "5"]
    chart.evaluate("(chart) => chart.setAttribute('type', 'line')")

    assert chart.locator("rect").count() == 0
    assert chart.locator("circle").count() == 3


# -- several series ----------------------------------------------------------------------------


def several(*rows: list[float | None]) -> dict[str, object]:
    data = of(*rows[0])
    data["series"] = [{"name": f"S{n}", "values": list(row)} for n, row in enumerate(rows)]
    return data


def test_stacked_bars_stand_on_each_other_and_fit(page: Page) -> None:
    chart = drawn(page, several([4, 1, None], [2, 0, 3], [4, 2, 1]), "stacked")

    bars = chart.locator("svg[role='img'] rect").evaluate_all(
        "(bars) => bars.map((bar) => ['x', 'y', 'height'].map((a) => +bar.getAttribute(a)))"
    )
    by_place: dict[float, list[tuple[float, float]]] = {}
    for x, y, height in bars:
        by_place.setdefault(round(x, 3), []).append((y, height))
    ends = []
    for stack in by_place.values():
        foot = across(chart)
        for y, height in stack:
            assert y + height == pytest.approx(foot)
            foot = y
        ends.append(across(chart) - foot)
    assert ends[0] == pytest.approx(10 / 3 * ends[1])
    assert ends[2] == pytest.approx(4 / 3 * ends[1])
    assert min(y for _, y, _ in bars) >= 0


def test_a_legend_says_which_series_is_which_and_only_where_there_are_several(page: Page) -> None:
    assert drawn(page, of(1, 2)).locator("ul").count() == 0

    chart = drawn(page, several([1, 2], [2, 3]), "line")

    assert chart.locator("ul li").all_text_contents() == ["S0", "S1"]
    lines = [
        [(each.get_attribute("stroke"), each.get_attribute("stroke-dasharray")) for each in found]
        for found in (chart.locator("svg[role='img'] path").all(), chart.locator("li line").all())
    ]
    assert lines[0] == lines[1]
    assert len({dash for _, dash in lines[0]}) == 2
    assert chart.locator("ul").get_attribute("aria-hidden") == "true"  # the table says it


def test_many_points_do_not_hide_the_line(page: Page) -> None:
    chart = drawn(page, of(*range(365)), "line")

    assert chart.locator("circle").count() == 365
    assert chart.locator("circle").first.get_attribute("r") == "1.5"


def test_everybody_sees_the_table_who_asks_for_it(page: Page) -> None:
    chart = drawn(page, of(3, 5))
    assert chart.locator("table.visually-hidden").count() == 1

    chart.evaluate("(chart) => chart.setAttribute('tabled', '')")

    assert chart.locator("table.visually-hidden").count() == 0
    assert chart.locator("table tbody td").all_text_contents() == ["3", "5"]
