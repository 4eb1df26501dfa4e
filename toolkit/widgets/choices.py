"""The small controls that forms are made of: as wide as their words, with their label before them."""

from collections.abc import Iterable
from typing import Any

import ipywidgets


def chooser(label: str, options: Iterable[Any], *, value: Any = None, width: str = "auto") -> ipywidgets.Dropdown:
    """Return a list to choose one from; options as of `ipywidgets.Dropdown`."""
    options = list(options)
    keys = [each[1] if isinstance(each, tuple) else each for each in options]
    return ipywidgets.Dropdown(
        options=options,
        value=value if value in keys else next(iter(keys), None),
        description=label,
        layout=ipywidgets.Layout(width=width, max_width="480px"),
        style={"description_width": "initial"},
    )


def text_box(label: str, *, value: str = "", width: str = "auto", hint: str = "") -> ipywidgets.Text:
    """Return a box to type in, which tells its value when it is left or Enter is pressed."""
    return ipywidgets.Text(
        value=value,
        description=label,
        placeholder=hint,
        continuous_update=False,
        layout=ipywidgets.Layout(width=width),
        style={"description_width": "initial"},
    )


def switch(label: str, *, value: bool = False, hint: str = "") -> ipywidgets.Checkbox:
    """Return a switch as wide as its words."""
    return ipywidgets.Checkbox(
        value=value, description=label, tooltip=hint, indent=False, layout=ipywidgets.Layout(width="auto")
    )
