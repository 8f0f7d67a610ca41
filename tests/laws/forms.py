"""The laws of form: sizes, names, where SQL stands, complete doors."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.laws.tree import PACKAGE, SourceFile

MOST_LINES = 500
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
SQL_ROOMS = {"db"}
SQL_FILES = {"repository.py"}
STATEMENT = re.compile(
    r"^\s*(select\s.+\sfrom\s|select\s+\w+\(|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s*\()",
    re.IGNORECASE | re.DOTALL,
)
CODE_SUFFIXES = {".py", ".ts", ".tsx", ".js", ".css"}


def sizes(paths: Sequence[Path]) -> list[str]:
    """Files of code that are longer than 500 lines."""
    problems = []
    for path in paths:
        if path.suffix in CODE_SUFFIXES:
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > MOST_LINES:
                problems.append(f"{path}: {lines} lines; split it by verb before {MOST_LINES}")
    return problems


def names(paths: Sequence[Path]) -> list[str]:
    """Modules that are named after nothing."""
    return [
        f"{path}: name it after what it does"
        for path in paths
        if {part.split(".")[0].lower() for part in path.parts} & FORBIDDEN_NAMES
    ]


def sql(files: Sequence[SourceFile]) -> list[str]:
    """SQL outside ``repository.py`` and the room ``db``."""
    return [
        problem
        for file in files
        if file.room not in SQL_ROOMS and file.relative.name not in SQL_FILES
        for problem in _sql_in(file)
    ]


def _sql_in(file: SourceFile) -> Iterator[str]:
    for imported in file.imports:
        if imported.target == "sqlalchemy.text":
            yield f"{file.at(imported.line)}: SQL stands in repository.py"
    bare = {id(node) for node in _bare_strings(file.module)}
    for node in ast.walk(file.module):
        if isinstance(node, ast.Constant) and id(node) not in bare and STATEMENT.search(str(node.value)):
            yield f"{file.at(node.lineno)}: SQL stands in repository.py"


def _bare_strings(module: ast.Module) -> Iterator[ast.Constant]:
    """Every bare string: docstrings of modules, classes, functions and attributes."""
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def doors(files: Sequence[SourceFile]) -> list[str]:
    """Doors (``__init__`` of a room) whose ``__all__`` is not exactly what they import and define."""
    return [
        problem
        for file in files
        if file.relative.name == "__init__.py" and len(file.relative.parts) == 2
        for problem in _door(file)
    ]


def _door(file: SourceFile) -> Iterator[str]:
    let_in = {name for name in _let_in(file.module.body, f"{PACKAGE}.{file.room}.") if not name.startswith("_")}
    constants = {name for name in _constants(file.module.body) if not name.startswith("_")}
    declared = _declared(file.module)
    if declared is None:
        if let_in:
            yield f"{file.relative}: has no __all__"
        return
    for name in sorted(let_in - set(declared)):
        yield f"{file.relative}: {name} is not in __all__"
    for name in sorted(set(declared) - let_in - constants):
        yield f"{file.relative}: {name} in __all__ does not exist"


def _let_in(body: Sequence[ast.stmt], room: str) -> Iterator[str]:
    """What comes through the door: imports from its room, functions and classes; not what the door itself needs."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and (node.level or f"{node.module}.".startswith(room)):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.If):  # if TYPE_CHECKING: what a door imports when it is asked for
            yield from _let_in(node.body, room)


def _constants(body: Sequence[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def _declared(module: ast.Module) -> list[str] | None:
    for node in module.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return [str(name) for name in ast.literal_eval(node.value)]
    return None
