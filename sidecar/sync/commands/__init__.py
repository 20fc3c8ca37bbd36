"""Requests of people: what can be asked, how it is kept, and who carries it out."""
