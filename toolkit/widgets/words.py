"""How a column's name reads as a heading."""


def in_words(name: str) -> str:
    """Return ``days_to_renewal`` as ``Days to renewal``; a name with capitals, such as an API name, as it is."""
    return name.replace("_", " ").capitalize() if name.islower() else name
