"""The mapping files that ship with the toolkit, as text to copy into a workspace and edit.

Each preset but ``demo`` syncs the way one product does. What several of them share stands in a file of its own, which a
line ``#include NAME key=value ...`` puts in its place.
"""

import re
from importlib.resources import files

PRESETS = ("demo", "catalyst", "clientsuccess", "insided", "skalin", "vitally")
"""The names of the presets."""

_INCLUDE = re.compile(r"^#include (\w+)(.*)$", re.MULTILINE)


def preset_text(name: str) -> str:
    """Return the preset `name` as TOML text, with its comments. Raises KeyError when there is none of that name."""
    if name not in PRESETS:
        raise KeyError(f"no preset {name!r}; there are: {', '.join(PRESETS)}")
    return _INCLUDE.sub(_included, _read(f"{name}.toml"))


def _included(line: re.Match[str]) -> str:
    text = _read(f"{line[1]}.part")
    for setting in line[2].split():
        key, _, value = setting.partition("=")
        text = text.replace(f"{{{key}}}", value)
    return text.rstrip("\n")


def _read(name: str) -> str:
    return files("toolkit.config.presets").joinpath(name).read_text(encoding="utf-8")
