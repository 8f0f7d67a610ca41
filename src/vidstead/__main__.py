"""``python -m vidstead`` is ``vidstead``."""

from vidstead.cli import main

main()
