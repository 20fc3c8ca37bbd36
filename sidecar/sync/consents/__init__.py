"""Consents: every one that was said, what holds of them, and the store's newsletter flag."""
