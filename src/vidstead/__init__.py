"""Vidstead: video infrastructure that you own. The architecture is told in docs/architecture.md."""

__version__ = "0.1.0"
