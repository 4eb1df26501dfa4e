"""Two lists of made-up companies, one as the customer writes them and one as Salesforce does, with the true pairs.

One company in five of either list has no partner in the other. Every partner is written differently: one to three of
misspelling, another or no legal form, another order of words, abbreviations, transliteration, and the name of a
subsidiary or of the group. The same size and seed give the same lists. Also read by the tests, at a small size.
"""

import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

ALONE = 0.2
"""The share of either list that has no partner."""

_ONSETS = """
b br bl c ch cl cr d dr f fl fr g gl gr h j k kl kn kr l m n p ph pl pr qu r rh s sc sch sh sk sl sm sn sp st
str sw t th tr tw v w wh y z
"""
_VOWELS = """
ai au ea ee ei ia ie io oa oo ou y
"""
_CODAS = """
ck ct ff ft ld ll lm lt mp nd ng nk nn ns nt rd rg rk rl rm rn rs rt sk ss st th tt tz x
"""
_ENDS = """
a bach berg burg by com dal dyne ex fix ford gen haus ia ica ics ion is ity ix land lex lin lon man mark mont
ner nex o on or os ova prise rex rix ron sen ski son sson stad stein sys tec tek tel ton tor tron um us ville
via vic vik wall well werk wick win worth za
"""
_LETTERS = {"a": "äáåãâ", "e": "éèêë", "i": "íî", "o": "öøóôõ", "u": "üúů", "n": "ñń", "c": "çč", "s": "šß", "l": "ł"}
_TRADES = {
    "technologies": "tech", "technology": "tech", "systems": "sys", "software": "sw", "solutions": "sol.",
    "services": "svcs", "international": "intl", "manufacturing": "mfg", "engineering": "eng.", "industries": "ind.",
    "industrial": "ind.",
    "logistics": "log.", "transport": "transp.", "consulting": "cons.", "management": "mgmt",
    "pharmaceuticals": "pharma", "medical": "med.", "laboratories": "labs", "chemicals": "chem.",
    "electronics": "elec.", "energy": "energ.",
    "foods": "foods", "partners": "ptnrs", "associates": "assoc.", "brothers": "bros", "construction": "constr.",
    "development": "dev.", "financial": "fin.", "insurance": "ins.", "university": "univ.", "institute": "inst.",
    "communications": "comm.", "equipment": "equip.", "distribution": "distr.", "national": "natl", "general": "gen.",
    "automotive": "auto", "packaging": "pkg", "research": "res.", "center": "ctr", "maschinenbau": "masch.bau",
    "verlag": "verl.", "bank": "bk", "media": "media", "capital": "cap.", "security": "sec.", "design": "design",
    "textiles": "textil", "steel": "steel", "hotel": "htl", "marine": "mar.", "optics": "opt.", "travel": "travel",
    "trading": "trdg", "supply": "supp.", "properties": "props", "resources": "res.", "instruments": "instr.",
    "dynamics": "dyn.", "analytics": "analyt.", "networks": "netw.", "robotics": "robot.", "biotech": "bio",
}  # fmt: skip
_PLAIN = """
blue red green silver golden black white north south east west upper new old first prime global united royal
urban coastal bright clear deep swift solid open grand river lake hill stone bridge field wood forest harbor bay
star sun moon sky cloud peak valley eagle falcon lion bear wolf oak pine cedar maple iron copper crystal diamond
summit horizon pioneer liberty heritage century metro city park garden crown castle tower anchor compass arrow
shield
"""
_PLACES = {
    "Germany": ["Berlin", "Hamburg", "München", "Köln", "Düsseldorf"], "France": ["Paris", "Lyon", "Nantes", "Orléans"],
    "United States": ["Boston", "Austin", "Denver", "Chicago", "Seattle", "Portland"], "Italy": ["Milano", "Torino"],
    "United Kingdom": ["London", "Leeds", "Bristol", "Cambridge"], "Spain": ["Madrid", "Málaga", "Bilbao"],
    "Sweden": ["Malmö", "Göteborg", "Stockholm"], "Poland": ["Łódź", "Kraków"], "Brazil": ["São Paulo", "Curitiba"],
    "Netherlands": ["Utrecht", "Rotterdam"], "Switzerland": ["Zürich", "Genève"], "Japan": ["Osaka", "Tokyo"],
}  # fmt: skip
_FORMS = {
    "Germany": ["GmbH", "AG", "GmbH & Co. KG", "KG", "e.V."], "France": ["SA", "SAS", "SARL", "S.A.R.L."],
    "United States": ["Inc.", "LLC", "Corp.", "Corporation", "Inc", "L.L.C.", "Company"], "Italy": ["S.p.A.", "S.r.l."],
    "United Kingdom": ["Ltd", "Limited", "plc", "LLP", "Ltd."], "Spain": ["S.L.", "S.A.", "SL"], "Sweden": ["AB"],
    "Poland": ["Sp. z o.o.", "S.A."], "Brazil": ["Ltda", "S.A.", "Ltda."], "Netherlands": ["B.V.", "BV", "N.V."],
    "Switzerland": ["AG", "GmbH", "SA"], "Japan": ["K.K.", "Co., Ltd."],
}  # fmt: skip
_ENDINGS = {
    "Germany": "de", "France": "fr", "Italy": "it", "United Kingdom": "co.uk", "Spain": "es", "Sweden": "se",
    "Poland": "pl", "Brazil": "com.br", "Netherlands": "nl", "Switzerland": "ch", "Japan": "co.jp",
    "United States": "com",
}  # fmt: skip
_BRANCHES = ["Group", "Holding", "Holdings", "Europe", "International", "Services", "Americas", "EMEA", "Operations"]
_CYRILLIC = dict(
    zip(
        "abvgdezijklmnoprstufhcy",
        "абвгдезийклмнопрстуфхцы",
        strict=True,
    )
)
_SPELLED_OUT = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "ł": "l"}
_MISHEARD = (
    ("ph", "f"),
    ("ck", "k"),
    ("ie", "y"),
    ("c", "k"),
    ("i", "y"),
    ("s", "z"),
    ("v", "w"),
    ("ll", "l"),
    ("t", "tt"),
)


@dataclass(frozen=True)
class Lists:
    """Both lists (id, name, domain, city, country) and the true pairs (here_id, there_id)."""

    here: pl.DataFrame
    there: pl.DataFrame
    pairs: pl.DataFrame


@dataclass
class _Company:
    words: list[str]
    form: str
    country: str
    city: str
    domain: str

    @property
    def name(self) -> str:
        return " ".join([*self.words, self.form]).strip()


def company_lists(size: int, seed: int = 1) -> Lists:
    """Return two lists of `size` companies each."""
    rng = random.Random(seed)
    shared = round(size * (1 - ALONE))
    made = _companies(rng, 2 * size - shared)
    here = [_row(f"H{n:07}", company, company.name, rng) for n, company in enumerate(made[:size])]
    others = [_row("", company, _rewritten(company, rng), rng, other=True) for company in made[:shared]]
    alone = [_row("", company, company.name, rng) for company in made[size:]]
    places = list(range(size))
    rng.shuffle(places)
    there, pairs = [], []
    for place, origin in enumerate(places):
        row = others[origin] if origin < shared else alone[origin - shared]
        there.append((f"T{place:07}", *row[1:]))
        if origin < shared:
            pairs.append((f"H{origin:07}", f"T{place:07}"))
    columns = ["id", "name", "domain", "city", "country"]
    return Lists(
        pl.DataFrame(here, schema=dict.fromkeys(columns, pl.String), orient="row"),
        pl.DataFrame(there, schema=dict.fromkeys(columns, pl.String), orient="row"),
        pl.DataFrame(pairs, schema=dict.fromkeys(["here_id", "there_id"], pl.String), orient="row").sort("here_id"),
    )


def _companies(rng: random.Random, count: int) -> list[_Company]:
    coined = [_coined(rng) for _ in range(max(50, count * 3 // 4))]
    made: dict[tuple[str, str], _Company] = {}
    while len(made) < count:
        country = rng.choice(list(_PLACES))
        city = rng.choice(_PLACES[country])
        words = _words(rng, coined, city)
        form = rng.choice(_FORMS[country])
        slug = _plain("".join(words[: rng.choice([1, 2, 2, 3])])).lower()
        domain = "".join(each for each in slug if each.isalnum()) + "." + _ENDINGS[country]
        company = _Company(words, form, country, city, domain)
        made.setdefault((" ".join(words).lower(), country), company)  # two countries may have one name
    return list(made.values())


def _coined(rng: random.Random) -> str:
    parts = [_syllable(rng) for _ in range(rng.choice([1, 2, 2, 2, 3]))]
    word = "".join(parts) + rng.choice(_ENDS.split() + [""] * 40)
    if len(word) < 4:
        word += rng.choice("aeiou") + rng.choice("lnrst")
    if rng.random() < 0.12:
        letter = rng.choice([each for each in word if each in _LETTERS] or [""])
        word = word.replace(letter, rng.choice(_LETTERS[letter]), 1) if letter else word
    return word.capitalize()


def _syllable(rng: random.Random) -> str:
    onsets = _ONSETS.split() + list("bcdfghklmnprstvw") * 3 + [""] * 12
    vowels = _VOWELS.split() + list("aeiou") * 8
    codas = _CODAS.split() + list("dklmnprst") * 3 + [""] * 50
    return rng.choice(onsets) + rng.choice(vowels) + rng.choice(codas)


def _words(rng: random.Random, coined: list[str], city: str) -> list[str]:
    trades = list(_TRADES)
    own = coined[int(len(coined) / 40 * rng.random() ** 1.5)] if rng.random() < 0.15 else rng.choice(coined)
    trade, plain = (_zipf(rng, trades).title(), _zipf(rng, _PLAIN.split()).title())
    shape = rng.random()
    if shape < 0.14:
        return [own]
    if shape < 0.45:
        return [own, trade]
    if shape < 0.60:
        return [own, _zipf(rng, trades).title(), trade]
    if shape < 0.70:
        return [own, "&", rng.choice(coined)]
    if shape < 0.80:
        return [own, plain, trade]
    if shape < 0.88:
        return [plain, rng.choice(_PLAIN.split()).title(), trade]
    if shape < 0.95:
        return [own, city, trade]
    return [rng.choice(coined), own, trade]


def _zipf(rng: random.Random, words: list[str]) -> str:
    return words[min(int(len(words) * rng.random() ** 1.6), len(words) - 1)]


def _row(
    number: str, company: _Company, name: str, rng: random.Random, *, other: bool = False
) -> tuple[str, str, str | None, str | None, str | None]:
    domain = company.domain if rng.random() < 0.7 else None
    if other and domain and rng.random() < 0.15:  # the group's site, or that of the country
        domain = "www." + domain.split(".")[0] + rng.choice([".com", ".net", "-group.com", ".eu"])
    city = company.city if rng.random() < 0.85 else None
    if other and rng.random() < 0.06:
        city = rng.choice(_PLACES[company.country])
    return number, name, domain, city, company.country if rng.random() < 0.95 else None


# -- the same company, written by somebody else ----------------------------------------------------------------------


def _rewritten(company: _Company, rng: random.Random) -> str:
    kinds = rng.choices(list(_KINDS), weights=_WEIGHTS, k=rng.choices([1, 2, 3], weights=[55, 33, 12])[0])
    words, form = list(company.words), company.form
    for kind in dict.fromkeys(kinds):
        words, form = _KINDS[kind](words, form, company, rng)
    text = " ".join([*words, form]).strip()
    if rng.random() < 0.1:
        text = text.upper()
    return text.replace(" & ", rng.choice([" & ", " and ", " und ", " + "]), 1)


_Rewriting = tuple[list[str], str]


def _misspelt(words: list[str], form: str, _company: _Company, rng: random.Random) -> _Rewriting:
    words = list(words)
    for _ in range(rng.choice([1, 1, 1, 1, 2])):
        at = rng.choice([n for n, word in enumerate(words) if len(word) > 2] or [0])
        words[at] = _typo(words[at], rng)
    return words, form


def _typo(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    kind = rng.random()
    if kind < 0.22 and len(word) > 3:
        return word[:at] + word[at + 1 :]
    if kind < 0.42:
        return word[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[at:]
    if kind < 0.62 and at + 1 < len(word):
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind < 0.80:
        return word[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[at + 1 :]
    heard = [(said, written) for said, written in _MISHEARD if said in word]
    said, written = rng.choice(heard or [(word[at], word[at] * 2)])
    return word.replace(said, written, 1)


def _reformed(words: list[str], _form: str, company: _Company, rng: random.Random) -> _Rewriting:
    chosen = rng.random()
    if chosen < 0.5:
        return words, ""
    if chosen < 0.85:
        return words, rng.choice(_FORMS[company.country])
    return words, rng.choice(_FORMS[rng.choice(list(_FORMS))])


def _reordered(words: list[str], form: str, _company: _Company, rng: random.Random) -> _Rewriting:
    if len(words) < 2:
        return words, form
    turn = rng.randrange(1, len(words))
    return [*words[turn:], *words[:turn]], form


def _abbreviated(words: list[str], form: str, _company: _Company, rng: random.Random) -> _Rewriting:
    chosen = rng.random()
    if chosen < 0.06 and len(words) > 2:
        return ["".join(word[0] for word in words if word != "&").upper()], form
    if chosen < 0.2:
        return [words[0], *(word[: rng.choice([3, 4])] + "." if len(word) > 5 else word for word in words[1:])], form
    if chosen < 0.35 and len(words) > 1:
        return ["".join(words[:2]).replace("&", ""), *words[2:]], form
    short = [_TRADES.get(word.lower(), word).title() for word in words]
    return (short if short != words else [word[:6] + "." if len(word) > 8 else word for word in words]), form


def _transliterated(words: list[str], form: str, _company: _Company, rng: random.Random) -> _Rewriting:
    text = " ".join(words)
    if text.isascii():
        if rng.random() < 0.1 and all(each in _CYRILLIC or not each.isalpha() for each in text.lower()):
            return "".join(_CYRILLIC.get(each, each) for each in text.lower()).title().split(" "), form
        return _misspelt(words, form, _company, rng) if rng.random() < 0.5 else _reformed(words, form, _company, rng)
    if rng.random() < 0.5:
        for letter, spelt in _SPELLED_OUT.items():
            text = text.replace(letter, spelt).replace(letter.upper(), spelt.capitalize())
    return _plain(text).split(" "), form


def _subsidiary(words: list[str], form: str, company: _Company, rng: random.Random) -> _Rewriting:
    chosen = rng.random()
    if chosen < 0.35:
        return [*words, rng.choice(_BRANCHES)], form
    if chosen < 0.6:
        return [*words, rng.choice([company.country, company.city])], form
    if chosen < 0.8 and len(words) > 2:
        return words[:-1], form
    return [*words, rng.choice(list(_TRADES)).title()], form


_KINDS: dict[str, Callable[[list[str], str, _Company, random.Random], _Rewriting]] = {
    "spelling": _misspelt, "legal form": _reformed, "word order": _reordered, "abbreviation": _abbreviated,
    "transliteration": _transliterated, "subsidiary": _subsidiary,
}  # fmt: skip
_WEIGHTS = (28, 28, 10, 12, 12, 10)


def _plain(text: str) -> str:
    bare = text.replace("ß", "ss").replace("ø", "o").replace("Ø", "O").replace("ł", "l").replace("Ł", "L")
    return "".join(each for each in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(each))
