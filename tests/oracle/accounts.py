"""The oracle's facts of the account, its addresses and its security."""

from __future__ import annotations

from typing import Any

from oracle.store import Store, mail, possible, text

Facts = dict[int, dict[str, Any]]


def account(store: Store) -> Facts:
    """The facts of ``customer`` itself and of the rows it points at; one entry a customer."""
    names = store_names(store)
    commenter = "COALESCE(c.commenter = 1, 0)" if store.version >= (4, 1) else "NULL"
    found: Facts = {}
    for row in store.rows(f"""
        SELECT c.customer_id, c.email, c.firstname, c.lastname, c.telephone, c.ip,
               CAST({possible("c.date_added")} AS CHAR), COALESCE(c.status = 1, 0),
               COALESCE(c.newsletter = 1, 0), COALESCE(c.safe = 1, 0), {commenter},
               COALESCE(c.store_id, 0), l.code, IF(g.customer_group_id IS NULL, NULL, d.name)
        FROM `{{p}}customer` c
        LEFT JOIN `{{p}}language` l ON l.language_id = c.language_id
        LEFT JOIN `{{p}}customer_group` g ON g.customer_group_id = c.customer_group_id
        LEFT JOIN {store.named("customer_group_description", "customer_group_id")} d
            ON d.customer_group_id = c.customer_group_id
        """):
        email = text(row[1])
        domain = (email or "").rpartition("@")
        found[int(row[0])] = {
            "email": email,
            "email_domain": domain[2].lower() if domain[1] and domain[2] else None,
            "first_name": text(row[2]),
            "last_name": text(row[3]),
            "telephone": text(row[4]),
            "ip": text(row[5]),
            "registered": store.shown(store.instant(row[6])),
            "status": bool(row[7]),
            "newsletter": bool(row[8]),
            "safe": bool(row[9]),
            "commenter": None if row[10] is None else bool(row[10]),
            "store": names.get(int(row[11])),
            "language": text(row[12]),
            "group": text(row[13]),
        }
    return found


def store_names(store: Store) -> dict[int, str | None]:
    """The names of the stores by id; the default one's is a setting."""
    rows = store.rows("SELECT store_id, name FROM `{p}store`")
    return {0: text(store.setting("config_name"))} | {int(key): text(name) for key, name in rows}


def beside(store: Store) -> dict[str, dict[int, Any]]:
    """Yes/no facts and counts of the tables beside the account; absent means no or 0."""

    def count(table: str, condition: str = "TRUE") -> dict[int, int]:
        return store.by_customer(
            f"SELECT customer_id, COUNT(*) FROM `{{p}}{table}`"
            f" WHERE customer_id IS NOT NULL AND {condition} GROUP BY customer_id"
        )

    def true(table: str, condition: str) -> dict[int, bool]:
        return dict.fromkeys(count(table, condition), True)

    return {
        "approval_pending": true("customer_approval", "type = 'customer'"),
        "affiliate": true("customer_affiliate", "status = 1"),
        "notes": count("customer_history"),
        "searches": count("customer_search"),
        "coupons": count("coupon_history"),
        "addresses": count("address"),
    }


def address(store: Store) -> dict[int, dict[str, str | None]]:
    """Company, city, postcode, zone and country of the default address, where there is one."""
    if store.version >= (4,):
        default = (
            "a.address_id = (SELECT MIN(b.address_id) FROM `{p}address` b"
            " WHERE b.customer_id = c.customer_id AND b.`default` = 1)"
        )
    else:
        default = "a.address_id = c.address_id AND a.customer_id = c.customer_id"
    return {
        int(row[0]): {
            name: text(value)
            for name, value in zip(
                ("company", "city", "postcode", "zone", "country"), row[1:], strict=True
            )
        }
        for row in store.rows(f"""
            SELECT c.customer_id, a.company, a.city, a.postcode, z.code, n.iso_code_2
            FROM `{{p}}customer` c
            JOIN `{{p}}address` a ON {default}
            LEFT JOIN `{{p}}zone` z ON z.zone_id = a.zone_id
            LEFT JOIN `{{p}}country` n ON n.country_id = a.country_id
            """)
    }


def security(store: Store) -> dict[str, dict[int, Any]]:
    """IPs and logins."""
    logins = f"""
        FROM `{{p}}customer` c
        JOIN `{{p}}customer_login` f ON {mail("f.email")} = {mail("c.email")}
        WHERE c.email <> '' GROUP BY c.customer_id
        """
    failed = store.by_customer(f"SELECT c.customer_id, SUM(COALESCE(f.total, 0)) {logins}")
    return {
        "ips": store.by_customer(
            "SELECT customer_id, COUNT(DISTINCT LOWER(ip)) FROM `{p}customer_ip`"
            " WHERE customer_id IS NOT NULL AND ip <> '' GROUP BY customer_id"
        ),
        "shared_ips": store.by_customer("""
            SELECT i.customer_id, COUNT(DISTINCT LOWER(i.ip)) FROM `{p}customer_ip` i
            WHERE i.customer_id IS NOT NULL AND i.ip <> '' AND EXISTS (
                SELECT 1 FROM `{p}customer_ip` j
                WHERE LOWER(j.ip) = LOWER(i.ip)
                    AND j.customer_id <> i.customer_id AND j.customer_id > 0)
            GROUP BY i.customer_id
            """),
        "last_login": store.shown_by_customer(
            f"SELECT customer_id, CAST(MAX({possible('date_added')}) AS CHAR)"
            " FROM `{p}customer_ip` WHERE customer_id IS NOT NULL GROUP BY customer_id"
        ),
        "failed_logins": {customer: int(total) for customer, total in failed.items()},
        "last_failed_login": store.shown_by_customer(
            f"SELECT c.customer_id, CAST(MAX({possible('f.date_modified')}) AS CHAR) {logins}"
        ),
    }
