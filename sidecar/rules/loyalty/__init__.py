"""Points and store credit: what orders earn, and what becomes of it. Pure."""
