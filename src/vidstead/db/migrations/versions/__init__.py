"""The revisions, oldest first: each runs SQL files of ``../sql`` and has no way back (backups have)."""
