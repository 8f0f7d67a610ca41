"""The laws of what is written beside the code: error pages, settings, links, lock files, help."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vidstead.kit import VidsteadError

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
LOCK_NAMES = re.compile(
    r"^(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|uv\.lock|poetry\.lock|requirements[^/]*\.(txt|in|lock)"
    r"|\.npmrc|pip\.conf)$"
)
REGISTRY = re.compile(r'"resolved": *"http|--(?:extra-)?index-url|--find-links|registry *= *"?http|url *= *"?http')


def errors(classes: Iterable[type[VidsteadError]], pages: Path) -> list[str]:
    """Error classes without a code of their own, a real status, a message, or a page."""
    problems = []
    owners: dict[str, str] = {}
    for error in classes:
        name = f"{error.__module__}.{error.__qualname__}"
        code = error.__dict__.get("code")
        if not isinstance(code, str) or not re.fullmatch(r"[a-z][a-z0-9_]+", code):
            problems.append(f"{name}: has no code of its own in snake_case")
            continue
        if code in owners:
            problems.append(f"{name}: {code} is the code of {owners[code]} already")
        owners[code] = name
        if not 400 <= error.status <= 599:
            problems.append(f"{name}: {error.status} is not the status of an error")
        if not (error.__doc__ or "").strip():
            problems.append(f"{name}: has no docstring, which would be its message")
        problems += _page_of(code, pages / f"{code}.md")
    return problems


def _page_of(code: str, page: Path) -> Iterator[str]:
    if not page.is_file():
        yield f"{code}: docs/errors/{code}.md is missing"
        return
    text = page.read_text(encoding="utf-8").strip()
    if text.splitlines()[0] != f"# {code}":
        yield f"{page.name}: its title should be '# {code}'"
    if len(text.splitlines()) < 5:
        yield f"{page.name}: too short: what happened, why, what to do"


def orphans(classes: Iterable[type[VidsteadError]], pages: Path) -> list[str]:
    """Pages of errors that no longer exist."""
    codes = {error.code for error in classes}
    return [f"{page.name}: no error has this code" for page in pages.glob("*.md") if page.stem not in {*codes, "index"}]


def links(documents: Sequence[Path], root: Path) -> list[str]:
    """Relative links to files or headings that do not exist."""
    return [problem for document in documents for problem in _dead_links(document, root)]


def _dead_links(document: Path, root: Path) -> Iterator[str]:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    for match in LINK.finditer(text):
        target = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        where = f"{document.relative_to(root)}: {target}"
        if not found.exists() or not found.is_relative_to(root):
            yield f"{where} does not exist"
        elif anchor and found.suffix == ".md" and anchor not in _anchors(found):
            yield f"{where}: no such heading"


def unlinked(documents: Sequence[Path], start: Path) -> list[str]:
    """Documents that nobody finds who follows links from ``start``."""
    seen, todo = set[Path](), [start.resolve()]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        targets = [(match.group(1) or match.group(2)).partition("#")[0] for match in LINK.finditer(text)]
        todo += [(page.parent / target).resolve() for target in targets if target]
    return [f"{document}: no page links to it" for document in documents if document.resolve() not in seen]


def _anchors(document: Path) -> set[str]:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower().replace(" ", "-")
        for heading in HEADING.findall(text)
    }


def commands(documents: Sequence[Path], targets: set[str], options: dict[str, set[str]]) -> list[str]:
    """What documents tell a reader to type and does not exist: ``make`` targets, ``vidstead`` commands, options.

    ``options`` has the options of every command, by the command's words (``token create``).
    """
    return [
        f"{document}: `{problem}`"
        for document in documents
        for code in _code(document.read_text(encoding="utf-8"))
        for problem in _unknown(code, targets, options)
    ]


def _code(text: str) -> Iterator[str]:
    """The lines of code blocks and the inline code of a document."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    yield from (line for block in blocks for line in block.splitlines())
    yield from (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCE.sub("", text)))


def _unknown(code: str, targets: set[str], options: dict[str, set[str]]) -> Iterator[str]:
    yield from (f"make {name}" for name in re.findall(r"(?:^|&& )make ([a-z-]+)", code) if name not in targets)
    found = re.search(r"(?:^|/|&& |[A-Z_]=\S+ )vidstead ((?:[a-z]+(?= |$) ?)*)(.*)", code)
    if found is None:
        return
    words = found.group(1).split()
    command = next((" ".join(words[:size]) for size in (2, 1) if " ".join(words[:size]) in options), None)
    if command is None:
        if words and words[0] not in {name.split()[0] for name in options}:
            yield f"vidstead {words[0]}"
        return
    yield from (
        f"vidstead {command} {name}"
        for name in re.findall(r"--[a-z-]+", found.group(2))
        if name not in options[command]
    )


def locks(paths: Sequence[Path]) -> list[str]:
    """Lock and installer files that hold the address of a registry."""
    problems = []
    for path in paths:
        if not LOCK_NAMES.match(path.name):
            continue
        text = path.read_text(encoding="utf-8")
        if REGISTRY.search(text) or (path.name.startswith("requirements") and "://" in text):
            problems.append(f"{path}: holds the address of a registry")
    return problems


def unlocked(wanted: Iterable[str], lock: str) -> list[str]:
    """Requirements (as in pyproject.toml) whose package is not in a lock file."""
    held = {_package(line) for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line)}
    return [
        f"{requirement} is not locked: run `make lock`" for requirement in wanted if _package(requirement) not in held
    ]


def _package(requirement: str) -> str:
    """The normalised name (PEP 503) of a requirement."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement)[0]).lower()


def helped(makefile: str) -> list[str]:
    """Targets of the Makefile that `make help` does not explain in one line."""
    explained = set(re.findall(r"^([a-z-]+):.*## .{5,}$", makefile, re.MULTILINE))
    phony = {name for names in re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE) for name in names.split()}
    return [f"make {name} has no line of help" for name in sorted(phony - explained)]


def undescribed(fields: dict[str, str | None]) -> list[str]:
    """Settings (name to description) without a sentence."""
    return [f"{name}: has no description" for name, text in fields.items() if not text or not text.endswith(".")]
