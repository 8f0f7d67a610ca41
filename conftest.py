"""What holds for every test: see the plugins."""

pytest_plugins = ["tests.plugins.skips"]
