"""Points and store credit: from orders and the store's own rows to the ledger, and back."""
