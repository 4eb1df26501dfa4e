"""Ids as people write them, brought to the one form in which they are compared.

Blanks around an id and upper or lower case do not count: Salesforce's own unique external ids are compared without
case. The one exception are Salesforce's 15-character record ids, in which case is all that tells two records apart;
they get their three-character suffix first, which makes them safe to compare without case. Any other text stays what
it is: zeros in front, hyphens and inner blanks are part of an id.
"""

import polars as pl

from toolkit.values import to_18

_RECORD_ID = r"^(0[0-9A-Za-z]{2}|a[0-9][0-9A-Za-z])[0-9A-Za-z]{12}$"
"""A 15-character record id: its key prefix (``0..`` standard objects, ``a0.`` to ``a9.`` custom ones), then twelve."""


def comparable(values: pl.Series) -> pl.Series:
    """Return ids in the form in which they are compared, null where an id is null or blank."""
    text = values.cast(pl.String).str.strip_chars()
    text = text.set(text == "", None)
    if not text.str.len_bytes().equals(text.str.len_chars()):
        text = text.str.normalize("NFC")  # "é" may be one character or two
    long_enough = (text.str.len_bytes() == 15).fill_null(value=False).arg_true()
    if long_enough.len():
        given = text.gather(long_enough).to_frame("id")
        suffixed = pl.when(pl.col("id").str.contains(_RECORD_ID)).then(to_18(pl.col("id"))).otherwise("id")
        text = text.scatter(long_enough, given.select(suffixed).to_series())
    return text.str.to_lowercase().alias(values.name)
