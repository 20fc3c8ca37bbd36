"""Which columns look personal by their names."""

from __future__ import annotations

import pytest

from sidecar.rules.privacy.personal_names import personal_class


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("email", "contact"),
        ("customer_email", "contact"),
        ("eMail", "contact"),
        ("billingEmail", "contact"),
        ("EMAIL", "contact"),
        ("e-mail", "contact"),
        ("Phone number", "contact"),
        ("telephone2", "contact"),
        ("mobile", "contact"),
        ("fax", "contact"),
        ("firstname", "identity"),
        ("first_name", "identity"),
        ("payment_lastname", "identity"),
        ("customer_name", "identity"),
        ("vat_number", "identity"),
        ("date_of_birth", "identity"),
        ("dob", "identity"),
        ("address_1", "address"),
        ("address1", "address"),
        ("address_id", "address"),
        ("ship_to_street", "address"),
        ("postcode", "address"),
        ("ip", "network"),
        ("forwarded_ip", "network"),
        ("IPAddress", "network"),
        ("user_agent", "network"),
        ("userAgent", "network"),
        ("REMOTE_ADDR", "network"),
        ("session_id", "network"),
        ("bank_account", "payment"),
        ("iban", "payment"),
        ("customer_id", "reference"),
        ("buyer_customer_id", "reference"),
        ("paypal_order_id", "reference"),
        ("customer", "reference"),
        ("password", "credential"),
    ],
)
def test_a_column_with_such_a_name_looks_personal(name: str, kind: str) -> None:
    assert personal_class(name, "varchar") == kind


@pytest.mark.parametrize(
    "name",
    [
        "", "name", "title", "description", "zipper", "shipping", "recipe", "ipsum",
        "equip", "customer_group_id", "customers", "uses_customer", "address_format", "mailing",
        "order_status_id", "sort_order", "order", "phonetic", "emailer", "client_id", "user_id",
        "guests", "birthstone", "email_template", "email_count", "automobile",
        "membership", "stripe",
    ],
)  # fmt: skip
def test_a_column_that_only_holds_such_letters_does_not(name: str) -> None:
    assert personal_class(name, "varchar") is None


def test_a_yes_or_no_is_not_personal_by_its_name() -> None:
    assert personal_class("show_email", "tinyint") is None
    assert personal_class("show_email", "varchar") == "contact"
    assert personal_class("customer_id", "int") == "reference"
