"""Phone numbers in the one form in which they are compared: E.164, ``+4930123456``, with the extension behind it."""

import phonenumbers
import polars as pl


def phone_of(values: pl.Series, region: str | None = None) -> pl.Series:
    """Return phone numbers as ``+`` and digits, and ``x12`` for an extension; null for what is no number.

    `region`, two letters, is the country of numbers that name none; without it only numbers that begin with ``+`` or
    ``00`` can be told. Worked out once for each distinct number.
    """
    text = values.cast(pl.String).str.strip_chars()
    distinct = text.unique().drop_nulls()
    table = pl.DataFrame(
        {"given": distinct, "number": pl.Series([_e164(number, region) for number in distinct], dtype=pl.String)}
    )
    joined = text.to_frame("given").join(table, on="given", how="left", maintain_order="left")
    return joined["number"].alias(values.name)


def _e164(text: str, region: str | None) -> str | None:
    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    extension = f"x{number.extension}" if number.extension else ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) + extension
