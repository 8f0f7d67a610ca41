"""The tables of the walking skeleton, the job queue, and the functions that cross environments."""

from vidstead.db.migrations import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the schemas' first contents."""
    run_file("0001_procrastinate.sql", search_path="procrastinate")
    run_file("0001_tables.sql", search_path="app")
    run_file("0001_crossings.sql", search_path="app")
    run_file("0001_queue.sql", search_path="app")
