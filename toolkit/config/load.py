"""Read a mapping file into `Settings`, or say everything that is wrong with it at once.

Shapes are judged by the models, sections against each other by `toolkit.config.checks`. Every fault names its place,
its line, what was given and what would be valid. The value of a key that looks like a secret is never repeated.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from toolkit.config.checks import cross_check
from toolkit.config.explain import explain
from toolkit.config.lines import Place, line_numbers, line_of
from toolkit.config.models import Settings
from toolkit.config.secrets import find_secrets
from toolkit.errors import ConfigError, Fault, NotFoundError

_HINT = "mend the places above and try again; `cs-toolkit demo` writes a complete, commented example"


def load(path: Path | str) -> Settings:
    """Return the settings of the mapping file at `path`.

    Raises NotFoundError when there is no such file and ConfigError, with every fault, when it is not valid.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise NotFoundError(
            f"there is no mapping file at {path}",
            hint="`cs-toolkit demo` makes a workspace with a commented one to start from",
        ) from None
    except UnicodeDecodeError as error:
        fault = Fault("text", f"byte {error.start + 1} is not UTF-8", 1 + error.object[: error.start].count(b"\n"))
        raise ConfigError(f"{path} is not valid", faults=[fault], hint="save the file as UTF-8") from None
    return parse(text, name=str(path))


def parse(text: str, *, name: str = "the mapping file") -> Settings:
    """Return the settings of a mapping file given as text.

    Raises ConfigError with every fault, in the order of the file.
    """
    document = parse_toml(text, name)
    lines = line_numbers(text)
    secrets = find_secrets(document)
    settings, faults = _validate(document, ignore=[place for place, _ in secrets])
    found = [*secrets, *faults, *cross_check(document)]
    if settings is None or found:
        listed = [Fault(show_place(place), message, line_of(place, lines)) for place, message in found]
        listed = list(dict.fromkeys(sorted(listed, key=lambda fault: fault.line or 0)))
        count = "1 fault" if len(listed) == 1 else f"{len(listed)} faults"
        raise ConfigError(f"{name} is not valid ({count}):", faults=listed, hint=_HINT)
    return settings


def show_place(place: Place) -> str:
    """Return a place as a person writes it: ``objects.account.fields[2].direction``."""
    shown = ""
    for part in place:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown or "file"


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """Return what a TOML text holds. Raises ConfigError with the line when it is no TOML."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        # The parser's message ends with "(at line 3, column 7)" or "(at end of document)".
        message, _, where = str(error).removesuffix(")").rpartition(" (at ")
        words = where.replace(",", "").split()
        line = int(words[1]) if words[0] == "line" else text.rstrip().count("\n") + 1
        column = f" (column {words[3]})" if words[0] == "line" else " (at the end of the file)"
        fault = Fault("syntax", f"{message[:1].lower()}{message[1:]}{column}", line)
        raise ConfigError(
            f"{name} is not valid TOML:",
            faults=[fault],
            hint='text needs quotes (name = "Acme"), a table its brackets ([writeback]), and no key occurs twice',
        ) from None


def _validate(document: Mapping[str, Any], ignore: Sequence[Place]) -> tuple[Settings | None, list[tuple[Place, str]]]:
    try:
        return Settings.model_validate(document), []
    except ValidationError as error:
        faults = [explained for fault in error.errors(include_url=False) if (explained := explain(fault, document))]
        return None, [fault for fault in faults if fault[0] not in ignore]
