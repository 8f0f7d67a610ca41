"""The plugin that lets no skipped test pass in CI, run in a pytest of its own."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

REPOSITORY = str(Path(__file__).parents[3])

TEST = """
import pytest
def test_a(): pytest.skip({reason!r})
def test_b(): pass
"""


@pytest.mark.parametrize(
    ("ci", "reason", "code"),
    [
        ("true", "no time today", 1),
        ("true", "cannot exist here: a GPU", 0),
        ("", "no time today", 0),
    ],
)
@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_skipped_tests(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, reason: str, code: int, options: list[str]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTHONPATH", REPOSITORY)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(TEST.format(reason=reason))
    result = pytester.runpytest_subprocess("-p", "tests.plugins.skips", *options)
    assert result.ret == code


def test_expected_failures_and_skipped_modules(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTHONPATH", REPOSITORY)
    pytester.makepyfile(
        test_a="import pytest\n@pytest.mark.xfail(reason='some day')\ndef test_a(): assert 0",
        test_b="import pytest\npytest.skip('not now', allow_module_level=True)",
    )
    result = pytester.runpytest_subprocess("-p", "tests.plugins.skips")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["test_b.py: not now", "*test_a.py::test_a: some day"])
