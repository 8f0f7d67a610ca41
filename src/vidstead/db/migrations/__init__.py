"""Migrations: alembic for the order and the record, plain SQL files for the contents."""

from pathlib import Path

from alembic import op

SQL_FOLDER = Path(__file__).parent / "sql"


def run_file(name: str, *, search_path: str) -> None:
    """Run every statement of ``sql/<name>`` in the revision's transaction, with names looked up in one
    schema.
    """
    connection = op.get_bind()
    connection.exec_driver_sql(f"set local search_path to {search_path}")
    statements = (SQL_FOLDER / name).read_text(encoding="utf-8")
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})
    connection.exec_driver_sql("set local search_path to default")
