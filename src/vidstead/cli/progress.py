"""One line of progress on a terminal; silence where nobody looks."""

import sys
from types import TracebackType
from typing import Self


class ProgressLine:
    """A line on standard error that rewrites itself, and is gone at the end. A context manager."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.show("")

    def show(self, text: str) -> None:
        """Put ``text`` in place of what stood there."""
        if self._shown and text != self._text:
            self._text = text
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()


def megabytes(size: int) -> str:
    """Bytes as a reader wants them."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
