"""The command line: one command a step of the workspace, one module a subject of commands, and the demo.

The modules hold nothing but commands; what they print is written in ``toolkit.console``.
"""

import os
import signal
import sys

from toolkit.cli import deciding, demo, faces, history, matching, plans, steps
from toolkit.cli.application import DONE, FAILED, INTERRUPTED, app, errors
from toolkit.errors import ToolkitError

COMMANDS = (demo, steps, matching, plans, deciding, history, faces)
"""The modules whose import gives the application its commands."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command line and exit with its code. An expected error is told in words, without a traceback.

    A polite request to end (SIGTERM, from a service manager) is taken like Ctrl-C: what is under way is settled first.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = app(arguments)
    except ToolkitError as error:
        errors.print("[bold red]Error:[/]", style="red", end=" ")
        errors.print(error.message, markup=False)
        errors.print(f"-> {error.hint}", markup=False, style="bold")
        sys.exit(FAILED)
    except KeyboardInterrupt as stopped:
        told = getattr(stopped, "__notes__", ["Stopped. What was written is in the journal; see: cs-toolkit status"])
        errors.print("\n".join(told), markup=False)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read our output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except OSError as error:
        errors.print("[bold red]Error:[/]", style="red", end=" ")
        errors.print(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), markup=False)
        errors.print("-> Check the path, the rights on it and the space on the disk.", markup=False, style="bold")
        sys.exit(FAILED)
    sys.exit(result if isinstance(result, int) else DONE)
