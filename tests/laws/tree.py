"""A source tree as the laws see it: parsed files, and which room each belongs to."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "vidstead"
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Import:
    """One imported name: its module, the name taken from it (``None`` for ``import x``) and its line."""

    module: str
    name: str | None
    line: int

    @property
    def target(self) -> str:
        """The whole dotted path."""
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass(frozen=True)
class SourceFile:
    """One Python file of the package."""

    path: Path
    relative: Path
    """Its path inside the package, such as ``storage/adapters/local.py``."""

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def module(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @property
    def room(self) -> str:
        """The first part of its path: a room's folder, or the name of a module beside them."""
        return self.relative.parts[0].removesuffix(".py")

    @property
    def in_adapters(self) -> bool:
        return "adapters" in self.relative.parts[:-1]

    @property
    def dotted(self) -> str:
        parts = [*self.relative.with_suffix("").parts]
        return ".".join([PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)])

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import anywhere in the file, those inside functions and ``TYPE_CHECKING`` too."""
        return tuple(self._imports())

    def _imports(self) -> Iterator[Import]:
        for node in ast.walk(self.module):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, None, node.lineno)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield Import(self._absolute(node), alias.name, node.lineno)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.dotted.split(".")
        if self.relative.name != "__init__.py":
            package = package[:-1]
        base = package[: len(package) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])

    def at(self, line: int) -> str:
        """Where something is, as an editor finds it."""
        return f"{self.relative}:{line}"


def python_files(source: Path) -> list[SourceFile]:
    """Every Python file below ``source``, the package's folder."""
    return [SourceFile(path, path.relative_to(source)) for path in sorted(source.rglob("*.py"))]
