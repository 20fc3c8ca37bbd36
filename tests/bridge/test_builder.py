"""The builder of conditions in a browser: what comes out of it, and what a person can do in it."""

from __future__ import annotations

import json
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from playwright.sync_api import Page

from bridge.builder_page import Editor, text_of
from sidecar.rules.language.jsonform import to_json
from sidecar.rules.language.parser import parse
from sidecar.rules.language.printer import print_expr
from sidecar.rules.syntax import Expr
from support.samples import CATALOGUE, LISTS, NAMES, SEGMENTS
from support.strategies import expressions, trees

T = TypeVar("T")

HOSTILE = "<img src=x onerror=alert(1)>'\"&amp; \\ %s 🦊"

#: Touches everything once: each operator to another and back, each pop-up opened and applied.
TOUCH = """
(it, documents) => documents.map((document) => {
  it.value = document;
  const shown = JSON.stringify(it.value);
  for (const at of it.querySelectorAll('.sidecar-row')) {
    const row = () => it.querySelector(`[data-entry="${at.dataset.entry}"]`);
    const select = (value) => {
      const operator = row().querySelector('select[data-focus="operator"]');
      operator.value = value;
      operator.dispatchEvent(new Event('change', {bubbles: true}));
    };
    const operator = row().querySelector('select[data-focus="operator"]');
    if (operator) {
      const key = operator.value;
      for (const option of [...operator.options].filter((each) => each.value !== key).slice(0, 3)) {
        select(option.value);
        select(key);
      }
    }
    row().querySelector('[data-focus="filters"]')?.click();
    const dialog = it.querySelector('dialog');
    dialog?.querySelector('.btn-primary').click();
    dialog?.dispatchEvent(new Event('close'));
  }
  return [shown, JSON.stringify(it.value), it.isComplete];
})
"""


def examples(strategy: SearchStrategy[T], count: int) -> list[T]:
    """The first examples of a strategy, the same each time."""
    found: list[T] = []

    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: T) -> None:
        found.append(example)

    collect()
    return found


@pytest.fixture
def builder(page: Page) -> Editor:
    return Editor(page, "sidecar-builder")


# -- what comes out --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        expressions(CATALOGUE, names=NAMES, lists=list(LISTS), segments=SEGMENTS),
        trees(),
    ],
    ids=["that the checker accepts", "of any shape"],
)
def test_a_condition_comes_out_as_it_went_in(builder: Editor, made: SearchStrategy[Expr]) -> None:
    expected = [print_expr(expr) for expr in examples(made, 150)]
    given = [to_json(parse(text)) for text in expected]

    for text, document, (shown, touched, complete) in zip(
        expected, given, builder.it.evaluate(TOUCH, given), strict=True
    ):
        assert json.loads(shown) == document, text
        assert json.loads(touched) == document, text
        assert text_of(json.loads(touched)) == text
        assert complete, text
