"""What every model of the mapping file shares: it is frozen, refuses unknown keys, and names are plain words."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Model(BaseModel):
    """Base of the mapping file's models."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, str_strip_whitespace=True)


Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""A name of ours (a column, a metric, a source): a letter, then letters, digits and underscores."""

ApiName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""The API name of a Salesforce object or field."""

FieldPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}$")]
"""A Salesforce field, possibly through relationships, ``Owner.Name``; Salesforce follows at most five."""

Scalar = bool | int | float | str
"""A plain value in the mapping file."""
