"""How things read for people: a column's name as a heading, an error as what happened and what to do next."""

from toolkit.errors import ToolkitError


def in_words(name: str) -> str:
    """Return ``days_to_renewal`` as ``Days to renewal``; a name with capitals, such as an API name, as it is."""
    return name.replace("_", " ").capitalize() if name.islower() else name


def complaint(error: ToolkitError) -> str:
    """Return what happened, and in a line below it what to do next."""
    return "\n".join(part for part in (error.message, error.hint) if part)
