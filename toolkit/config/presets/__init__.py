"""The mapping files that ship with the toolkit, as text to copy into a workspace and edit."""

from importlib.resources import files

PRESETS = ("demo",)
"""The names of the presets."""


def preset_text(name: str) -> str:
    """Return the preset `name` as TOML text, with its comments. Raises KeyError when there is none of that name."""
    if name not in PRESETS:
        raise KeyError(f"no preset {name!r}; there are: {', '.join(PRESETS)}")
    return files("toolkit.config.presets").joinpath(f"{name}.toml").read_text(encoding="utf-8")
