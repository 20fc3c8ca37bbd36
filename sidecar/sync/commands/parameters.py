"""Parameters that commands of several subjects take."""

from __future__ import annotations

from sidecar.sync.commands.command import Parameter

#: Characters of an expression of the rules language.
LONGEST_EXPRESSION = 8_192

CUSTOMERS = Parameter("customers", "customers", "whom")
UNTIL = Parameter("until", "day", "through that day; without it, for ever", required=False)
REASON = Parameter("reason", "text", "kept in the audit", required=False)
WHY = Parameter("reason", "text", "kept in the audit")
CUSTOMER = Parameter("customer", "customer", "who")
