"""What every command shares: the application, its groups, its two consoles, the exit codes and the common options.

Heavy imports happen inside the commands, so that ``--help`` and shell completion answer at once. Exit codes: 0 done,
1 an error that was explained, 2 a command line that makes no sense, 3 done but something was held, refused or failed,
130 interrupted.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Group, Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.text import Text

STEPS = Group("Steps, in the order they build on each other", sort_key=1)
REVIEW = Group("Plans: look into them, decide, take back", sort_key=2)
FACES = Group("Ways to look", sort_key=3)
DEMO = Group("Without a Salesforce org", sort_key=0)
UNATTENDED = Group("Unattended", sort_key=4)


def said_wrong(error: CycloptsError) -> Text:
    """Return what is wrong with a command line, what was expected, and where that is explained."""
    chain = [*(error.command_chain or ()), "--help"]
    expected = error.argument.parameter.help if error.argument is not None else None
    told = Text.assemble(("Error: ", "bold red"), (str(error), "red"))
    if expected:
        told.append(f"\n{expected}")
    return told.append(f"\n-> See cs-toolkit {' '.join(chain)}", style="bold")


app = App(
    name="cs-toolkit",
    help="Keep a customer-success team and Salesforce in agreement: import, match, score, review every change, "
    "commit exactly that, undo.",
    help_epilogue="Start with: cs-toolkit demo",
    version=lambda: version("cs-toolkit"),
    error_formatter=said_wrong,
    default_parameter=Parameter(negative=()),
)
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

DONE, FAILED, USAGE, ATTENTION, INTERRUPTED = 0, 1, 2, 3, 130

Folder = Annotated[
    Path, Parameter(name=["--workspace", "-w"], help="The workspace's folder, which holds workspace.toml.")
]
HERE = Path()
Port = Annotated[int, Parameter(help="The port on 127.0.0.1; 0 takes a free one.", validator=Number(gte=0, lte=65535))]
Accounts = Annotated[
    int, Parameter(help="How many accounts the demo org has; 500 if not said.", validator=Number(gte=1, lte=1_000_000))
]
Rows = Annotated[int, Parameter(help="How many changes to print.", validator=Number(gte=0))]
Numbers = Annotated[
    str | None,
    Parameter(
        help="Numbers of rows (the column #), such as 3 or 3,5-9.",
        validator=lambda _type, value: value is None or numbers(value),
    ),
]


def numbers(told: str) -> list[int]:
    """Return the numbers that ``3,5-9`` names, in order. Raises ValueError for anything else."""
    found: set[int] = set()
    for part in told.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"{part!r} is no number and no range; write rows like 3,5-9")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)
