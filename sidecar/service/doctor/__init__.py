"""
Everything that can be checked about an installation, and how each fault is mended.

``examine`` runs the checks, ``finding`` is what they say; there is a module for each subject.
Nothing here writes to the database: every session of the doctor is read-only.
"""
