"""What every widget of ours is: a box of live controls in a notebook, and the same content as static HTML elsewhere."""

from html import escape

import ipywidgets

from toolkit.errors import ToolkitError
from toolkit.widgets.twin import StaticTwin
from toolkit.widgets.words import complaint


class NotebookWidget(StaticTwin, ipywidgets.VBox):
    """A widget with a static twin. Subclasses fill `children` and return their content from `html` and `summary`."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("cs-widget")  # what the style sheet of the grid, and its care for keys, know ours by


class Message(ipywidgets.HTML):
    """Says how the last action went, in `text`. It is shown as text, never as markup, and read out when it changes."""

    text = ""

    def say(self, text: str) -> None:
        """Show an outcome, or nothing."""
        self._show(text, "status", "inherit")

    def complain(self, error: ToolkitError) -> None:
        """Show an error: what happened and what to do next."""
        self._show(complaint(error), "alert", "var(--jp-error-color1)")

    def _show(self, text: str, role: str, color: str) -> None:
        self.text = text
        style = f"white-space:pre-wrap;line-height:1.5;color:{color}"
        self.value = f'<div role="{role}" style="{style}">{escape(text)}</div>' if text else ""


def row(*controls: ipywidgets.Widget) -> ipywidgets.HBox:
    """Return controls beside each other, in as many lines as the window needs."""
    return ipywidgets.HBox(
        controls, layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 8px")
    )


def button(description: str, tooltip: str, *, icon: str = "", primary: bool = False) -> ipywidgets.Button:
    """Return a button as wide as its words."""
    return ipywidgets.Button(
        description=description,
        tooltip=tooltip,
        icon=icon,
        button_style="primary" if primary else "",
        layout=ipywidgets.Layout(width="auto"),
    )
