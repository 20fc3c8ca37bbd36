"""
Privacy: what there is of a person, its export, its erasure, and requests for both.

It stands above ``sync``: an export tells why a customer has a tag, and an erasure first ends
what ``sync`` would go on with.
"""
