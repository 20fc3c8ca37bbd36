"""Which tables and columns hold personal data, and what becomes of them; pure."""
