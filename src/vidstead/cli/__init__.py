"""The command ``vidstead``. Nothing heavy is imported before a command needs it: ``--help`` takes 0.1 s."""

from vidstead.cli.app import main

__all__ = ["main"]
