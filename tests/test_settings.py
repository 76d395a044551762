"""The settings and their page say the same."""

from pathlib import Path

from app.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


def variable(name: str) -> str:
    alias = Settings.model_fields[name].validation_alias
    return str(alias) if alias else f"TOREN_{name.upper()}"


def test_every_setting_is_described_on_the_page() -> None:
    text = PAGE.read_text("utf-8")

    missing = [
        name
        for name, field in Settings.model_fields.items()
        if f"`{variable(name)}`" not in text or (field.description or "?") not in text
    ]

    assert not missing
