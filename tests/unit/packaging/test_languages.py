"""Languages of containers as manifests write them."""

import pytest

from vidstead.packaging import language_tag


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("eng", "en"),
        ("ENG", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("de", "de"),
        ("pt-BR", "pt-BR"),
        ("por-BR", "pt-BR"),
        ("gsw", "gsw"),
        ("und", None),
        ("mul", None),
        ("", None),
        (None, None),
        ("e", None),
        ('en"x', None),
        ("en\n", None),
        ("123", None),
    ],
)
def test_tags(said: str | None, written: str | None) -> None:
    assert language_tag(said) == written
