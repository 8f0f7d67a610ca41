"""What runs inside the children.

This package is started as ``children`` from its own folder (see ``launch``), so that a child loads PyAV and the
standard library and nothing else of ours: 70 ms instead of a second. Modules in here import each other relatively,
and nothing from ``vidstead``.
"""
