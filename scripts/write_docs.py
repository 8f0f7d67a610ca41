"""Write the pages of docs/ that are made from the code: settings, errors, the command line. Run by ``make docs``."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from vidstead.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"


def settings_page() -> str:
    """``docs/settings.md``, from the typed settings."""
    lines = [
        "# Settings",
        "",
        "Every setting is an environment variable; what is not set has the default below. A value that is not valid",
        "stops the command with a sentence that names it. This page is written from `src/vidstead/settings.py` by",
        "`make docs`.",
        "",
    ]
    for name, field in Settings.model_fields.items():
        default = "none" if field.default is None else f"`{field.default}`"
        limits = [
            f"{word} {getattr(limit, key)}"
            for limit in field.metadata
            for key, word in (("ge", "at least"), ("le", "at most"), ("gt", "more than"), ("lt", "less than"))
            if hasattr(limit, key)
        ]
        lines += [
            f"## `VIDSTEAD_{name.upper()}`",
            "",
            str(field.description),
            "",
            f"{_kind(field.annotation)}{''.join(', ' + limit for limit in limits)}; default: {default}.",
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


KINDS = {"bool": "`true` or `false`", "int": "A whole number", "float": "A number", "str": "Text", "Path": "A path"}


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "One of " + ", ".join(f"`{value}`" for value in get_args(annotation))
    members = [member for member in get_args(annotation) if member is not type(None)]
    if members:
        return _kind(members[0])
    return KINDS.get(annotation.__name__, "Text, kept out of logs")


def errors_page() -> str:
    """``docs/errors/index.md``: every error code with the first sentence of its page."""
    lines = [
        "# Errors",
        "",
        "Every error has a code that never changes, and a page. The API names the code in `error.code`, the command",
        "line in its last line with `--debug`. This list is written by `make docs`.",
        "",
    ]
    pages = [page for page in sorted((DOCS / "errors").glob("*.md")) if page.stem != "index"]
    lines += [f"- [{page.stem}]({page.name}): {_first_sentence(page.read_text(encoding='utf-8'))}" for page in pages]
    return "\n".join(lines) + "\n"


def _first_sentence(text: str) -> str:
    paragraphs = [part for part in text.split("\n\n")[1:] if part.strip() and not part.startswith("#")]
    first = " ".join(paragraphs[0].removeprefix("**What happened.**").split()) if paragraphs else ""
    return re.split(r"(?<=[.!?])\s", first)[0]


def commands_page() -> str:
    """``docs/reference/cli.md``, from the commands themselves."""
    from vidstead.cli.app import app
    from vidstead.cli.errors import EXIT_CODES

    root: Any = typer.main.get_command(app)
    lines = [
        "# The command line",
        "",
        " ".join((root.help or "").split()),
        "",
        "This page is written from the commands by `make docs`.",
        "",
    ]
    for name, command in _commands(root, ""):
        lines += [f"## `vidstead {name}`", "", *(command.help or "").strip().splitlines(), ""]
        lines += [_parameter(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
        lines += [""]
    lines += ["## Exit codes", "", "| code | means |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def options_of_commands() -> dict[str, set[str]]:
    """The options of every command, by the command's words, such as ``token create``."""
    from vidstead.cli.app import app

    found = _commands(typer.main.get_command(app), "")
    return {name: {option for parameter in command.params for option in parameter.opts} for name, command in found}


def _commands(command: Any, prefix: str) -> list[tuple[str, Any]]:
    """The commands below one of Typer's (it brings a Click of its own, without public types), by their words."""
    if not hasattr(command, "commands"):
        return [(prefix, command)]
    return [
        found
        for name, child in command.commands.items()
        if not child.hidden
        for found in _commands(child, f"{prefix} {name}".strip())
    ]


def _parameter(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    names = parameter.metavar or parameter.name.upper() if is_argument else ", ".join(parameter.opts)
    text = " ".join((parameter.help or "").split())
    default = getattr(parameter.default, "value", parameter.default)
    shown = f" Default: `{default}`." if default not in (None, False, (), "") and not is_argument else ""
    return f"- `{names}`: {text}{shown}"


def decisions_page() -> str:
    """``docs/adr/README.md``: every decision by its title."""
    lines = [
        "# Decisions",
        "",
        "One page each: what was decided, what else was possible, what it costs. Begin a new one from the",
        "[template](0000-template.md), with the next number, and run `make docs`. A decision that falls is marked, not",
        "removed.",
        "",
    ]
    pages = [page for page in sorted((DOCS / "adr").glob("*.md")) if page.stem not in ("0000-template", "README")]
    lines += [f"- [{page.read_text(encoding='utf-8').splitlines()[0].lstrip('# ')}]({page.name})" for page in pages]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "adr/README.md": decisions_page,
    "errors/index.md": errors_page,
    "reference/cli.md": commands_page,
}
"""Every generated page below docs/."""


if __name__ == "__main__":
    for relative, page in PAGES.items():
        path = DOCS / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")
