"""Company names in the one form in which they are compared: without legal form, punctuation, accents and case.

``The Müller & Söhne GmbH & Co. KG`` and ``Muller Sohne`` are both ``muller sohne``. Other scripts are written in Latin
letters. A word that mixes scripts (a Cyrillic letter among Latin ones looks the same and is another) is left as it is,
so that it equals no honest spelling; a person decides about it.
"""

import polars as pl
from anyascii import anyascii

LEGAL_FORMS = (
    # English
    "inc", "incorporated", "corp", "corporation", "co", "company", "ltd", "limited", "llc", "llp", "lllp", "lp", "plc",
    "pllc", "pc", "cic", "pty", "pte", "pvt", "private limited", "proprietary limited", "unlimited",
    # German, Dutch, Nordic
    "gmbh", "mbh", "ggmbh", "ag", "kg", "kgaa", "ohg", "gbr", "ug", "ug haftungsbeschrankt", "se", "eg", "ev", "bv",
    "nv", "vof", "cv", "ab", "aps", "as", "asa", "oy", "oyj", "ky", "hb", "ehf",
    # French, Italian, Spanish, Portuguese
    "sa", "sas", "sasu", "sarl", "eurl", "snc", "sca", "spa", "srl", "srls", "sapa", "sl", "slu", "sau", "scoop",
    "sa de cv", "s de rl de cv", "sapi de cv", "sab de cv", "lda", "ltda", "eireli", "sociedad anonima", "cia",
    # Eastern Europe
    "sp zoo", "sp z oo", "sp z o o", "spolka z oo", "zoo", "sro", "spol sro", "kft", "zrt", "nyrt", "bt", "doo", "dd",
    "ad", "ead", "ood", "eood", "ooo", "oao", "zao", "pao", "ao", "oou", "uab", "sia", "too",
    # Asia, Africa
    "kk", "yk", "gk", "sdn bhd", "bhd", "tbk", "cc", "jsc", "pjsc", "fze", "fzco", "fz llc", "wll", "as sirketi",
)  # fmt: skip
"""What follows a company's name and says only in which form it is registered."""

_LEADING = ("the", "pt", "ooo", "oao", "zao", "pao", "ao", "firma")
_MIXED = r"[\p{Latin}][\p{Cyrillic}\p{Greek}]|[\p{Cyrillic}\p{Greek}][\p{Latin}]"
_INVISIBLE = r"\p{Cf}"
_TRAILING_FORMS = rf"(?:\s+(?:{'|'.join(sorted(LEGAL_FORMS, key=len, reverse=True))}))+$"
_LEADING_WORDS = rf"^(?:{'|'.join(_LEADING)})\s+"


def core_name(values: pl.Series) -> pl.Series:
    """Return company names as they are compared, words separated by one blank; null where nothing is left.

    Worked out once for each distinct name. A name that is nothing but a legal form ("AG") is kept.
    """
    text = values.cast(pl.String).str.strip_chars()
    distinct = text.unique().drop_nulls()
    table = pl.DataFrame({"given": distinct, "core": _core(_latin(distinct))})
    joined = text.to_frame("given").join(table, on="given", how="left", maintain_order="left")
    return joined["core"].alias(values.name)


def _core(names: pl.Series) -> pl.Series:
    name = pl.col("name").str.to_lowercase().str.replace_all(r"[.'’`´]", "")
    name = name.str.replace_all(r"\+|&", " and ").str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ")
    name = name.str.replace_all(r"\b(?:and|und|et)\b", " ").str.replace_all(r"\s+", " ").str.strip_chars()
    name = name.str.replace(_LEADING_WORDS, "").str.replace(_TRAILING_FORMS, "")
    return names.to_frame("name").select(pl.when(name != "").then(name)).to_series()


def _latin(names: pl.Series) -> pl.Series:
    """Return names in Latin letters without accents, but for those that mix scripts within a word."""
    foreign = names.str.len_bytes() != names.str.len_chars()
    if not foreign.any():
        return names
    beyond = names.filter(foreign).str.normalize("NFKC").str.replace_all(_INVISIBLE, "")
    mixed = beyond.str.to_lowercase().str.contains(_MIXED)
    latin = pl.Series([anyascii(name) for name in beyond], dtype=pl.String)
    return names.clone().scatter(foreign.arg_true(), beyond.zip_with(mixed, latin))
