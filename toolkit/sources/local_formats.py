"""Numbers, dates and times as people write them where they live, to one plain notation; nothing is guessed.

Without a setting only the plain notation is read: ``1234.50``, ``2026-12-31`` and times with their zone. What looks
like another notation is named with the setting that would read it, because ``03/04/2026`` is two days and ``1,234``
two numbers.
"""

import polars as pl

from toolkit.config.sources import Source

_INTEGER = r"^-?(0|[1-9]\d{0,14})$"
_ISO_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})"
_LOCAL_DATE = r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})([T ]\d{1,2}:\d{2}.*)?$"
DATE = rf"^{_ISO_DAY}$"
DATE_OR_TIME = rf"^{_ISO_DAY}([T ]\d{{2}}:\d{{2}}.*)?$"
_ZONED = rf"^{_ISO_DAY}[T ]{_CLOCK}{_ZONE}$"
_NAIVE = rf"^{_ISO_DAY}[T ]{_CLOCK}$"
_GROUP = {" ": "[ \u00a0\u202f]", "'": "['’]", ".": r"\.", ",": ","}
_SIGNS = r"^[%€$£¥]|[%€$£¥]$|^[A-Z]{3} ?[\d.,' +-]+$|^[\d.,' +-]+ ?[A-Z]{3}$"
_SPECIAL = r"\.+*?()|[]{}^$#&-~"


def plain_numbers(text: pl.Series, source: Source) -> pl.Series:
    """Return numbers written as the source says in plain notation, ``-1234.50``; null where a value is no number."""
    point, group = _GROUP[source.decimal or "."], _GROUP[source.thousands] if source.thousands else ""
    bare = text
    if source.signs:
        signs = "|".join("".join(f"\\{each}" if each in _SPECIAL else each for each in sign) for sign in source.signs)
        bare = bare.str.replace(rf"^([+-]?)\s*(?:{signs})\s*", "${1}").str.replace(rf"\s*(?:{signs})$", "")
    grouped = rf"|\d{{1,3}}(?:{group}\d{{3}})+" if group else ""
    good = bare.str.contains(rf"^[+-]?(?:\d+{grouped})(?:{point}\d+)?$").fill_null(value=False)
    plain = bare.str.replace_all(group, "") if group else bare
    return plain.str.replace(point, ".").set(~good, None)


def numbers(text: pl.Series, source: Source) -> pl.Series:
    """Return the values as Int64 when all are whole, else as Float64; null where one is no number."""
    plain = plain_numbers(text, source)
    whole = plain.drop_nulls().str.contains(_INTEGER).all()
    return plain.cast(pl.Int64 if whole else pl.Float64, strict=False)


def iso_days(text: pl.Series, source: Source) -> pl.Series:
    """Return the values with local dates in them written as ISO dates, when the source says how they are written."""
    if source.dates not in ("day_first", "month_first"):
        return text
    order = "${3}-${2}-${1}${4}" if source.dates == "day_first" else "${3}-${1}-${2}${4}"
    turned = text.str.replace(_LOCAL_DATE, order)
    padded = turned.str.replace(r"^(\d{4})-(\d)-", "${1}-0${2}-").str.replace(
        r"^(\d{4}-\d{2})-(\d)($|[T ])", "${1}-0${2}${3}"
    )
    return padded.str.replace(rf"^({_ISO_DAY})[T ](\d):", "${1}T0${2}:")


def dates(text: pl.Series, source: Source) -> pl.Series:
    """Return the days of dates and times; null where a value is neither, or no day of the calendar."""
    iso = iso_days(text, source)
    days = iso.set(~iso.str.contains(DATE_OR_TIME).fill_null(value=False), None).str.slice(0, 10)
    return days.str.to_date("%Y-%m-%d", strict=False)


def times(text: pl.Series, source: Source) -> pl.Series:
    """Return times in UTC; a date is its midnight. Null where a value is no time or, without `time_zone`, has no zone.

    Where a local hour occurs twice, when clocks are set back, it is the first; one that clocks skip is no time.
    """
    iso = iso_days(text, source).str.replace(rf"^({_ISO_DAY}) ", "${1}T")
    full = iso.str.replace(rf"^({_ISO_DAY}T\d{{2}}:\d{{2}})($|Z|[+-])", "${1}:00${2}")
    zoned = full.set(~full.str.contains(_ZONED).fill_null(value=False), None)
    zoned = zoned.str.replace(r"([+-]\d{2})(\d{2})$", "${1}:${2}")
    parsed = zoned.str.to_datetime("%+", time_unit="ms", time_zone="UTC", strict=False)
    if source.time_zone is None:
        return parsed
    full = full.str.replace(rf"^({_ISO_DAY})$", "${1}T00:00:00")
    naive = full.set(~full.str.contains(_NAIVE).fill_null(value=False), None)
    local = naive.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ms", strict=False)
    return parsed.fill_null(in_utc(local, source.time_zone))


def in_utc(naive: pl.Series, zone: str) -> pl.Series:
    """Return times without a zone, read in `zone`, in UTC; null where the clocks of that zone skip a time."""
    there = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return there.dt.convert_time_zone("UTC").cast(pl.Datetime("ms", "UTC"))


def looks_like_times(text: pl.Series, source: Source) -> bool:
    """Return whether every value is a time that can be read as the source says."""
    if not text.str.contains(":").all():
        return False
    return times(text, source).null_count() == 0


def number_setting(wrong: pl.Series) -> str | None:
    """Return what to add to the source so that these values, which are no plain numbers, become some; None if nothing.

    The answer is a sentence for a person; it says so when the values could be read in two ways.
    """
    local = r"^[+-]?\d{1,3}([.,' ’\u{a0}\u{202f}]\d{3})*([.,]\d+)?$|^[+-]?\d+,\d+$"
    bare = wrong.str.replace_all(r"[%€$£¥]|[A-Z]{3}", "").str.strip_chars()
    signed = _some(wrong, _SIGNS) and _some(bare, local)
    shown = bare.filter(bare.str.contains(local)) if signed else wrong.filter(wrong.str.contains(local))
    shown = shown.filter(shown.str.contains(r"[,' ’\u{a0}\u{202f}]"))
    said = []
    if signed:
        marks = wrong.str.extract_all(r"[%€$£¥]|[A-Z]{3}").explode(empty_as_null=False).drop_nulls().unique().sort()
        said.append("signs = [" + ", ".join(f'"{mark}"' for mark in marks) + "]")
    if not shown.is_empty():
        comma = _some(
            shown, r"^[+-]?\d{1,3}([.' ’\u{a0}\u{202f}]\d{3})+,\d+$|^[+-]?\d+,(\d{1,2}|\d{4,})$|^[+-]?\d{4,},"
        )
        point = _some(shown, r",\d{3}\.\d+$|,\d{3},\d{3}")
        if comma and point:
            return 'The column writes numbers in two ways, "1.234,50" and "1,234.50"; make them one.'
        if not comma and not point and _some(shown, ","):
            return 'It could be a thousand or a decimal: add thousands = "," or decimal = "," to the source.'
        group = next((each for each in (".", "'", " ") if comma and _some(shown, rf"\d{_GROUP[each]}\d{{3}}")), None)
        if not comma and not point:
            group = "'" if _some(shown, "['’]") else " "
        said += ['decimal = ","'] if comma else []
        said += ['thousands = ","'] if point else [f'thousands = "{group}"'] if group else []
    return f"Add {', '.join(said)} to the source." if said else None


def date_setting(wrong: pl.Series) -> str | None:
    """Return what to add to the source so that these values, which are no ISO dates, become some; None if nothing."""
    parts = wrong.str.extract_groups(_LOCAL_DATE).struct.unnest().select(pl.nth(0, 1).cast(pl.Int32))
    found = parts.drop_nulls()
    if found.is_empty():
        return None
    first, second = ((found.to_series(at) > 12).any() for at in (0, 1))
    if first and second:
        return "The column writes the day first in one row and the month first in another; make them one."
    if first or second:
        return f'Add dates = "{"day_first" if first else "month_first"}" to the source.'
    return 'It could be the day or the month first: add dates = "day_first" or dates = "month_first" to the source.'


def zone_setting(wrong: pl.Series, source: Source) -> str | None:
    """Return what to add to the source so that these times, which name no zone, are known; None if nothing."""
    iso = iso_days(wrong, source)
    if source.time_zone is None and _some(iso, rf"{_NAIVE}|{DATE}"):
        return 'Say where these clocks are: add time_zone = "UTC", or "Europe/Berlin", to the source.'
    return None


def _some(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(pattern).any())
