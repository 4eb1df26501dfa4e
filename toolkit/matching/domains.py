"""Internet domains in the one form in which they are compared: what a company registered, and nothing that many share.

``https://www.shop.Acme.co.uk/about`` and ``ada@acme.co.uk`` both belong to ``acme.co.uk``: the public suffixes (those
that registries hand out, and those of hosts such as ``github.io``) tell where the registered name begins. The list is
the snapshot that tldextract carries; nothing is ever fetched.

Mail providers that give everybody an address, and sites on which everybody has a page, name no company: their domains
are null. Domains of parked pages are known by being on many records, which decides nothing anyway.
"""

from functools import cache

import polars as pl
from tldextract import TLDExtract

_HOST = r"^(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^/@?#\s]*@)?([^/:?#\s@]+\.[^/:?#\s@.]+)"
_NUMBERS = r"^[0-9.]+$"
_WRAPPED = r"^.*<([^<>]*)>\s*$"
_EXTRACT = TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)
_LONGEST = 5
"""Labels of the longest public suffixes that are looked for; two more than any country uses."""

FREE_MAIL = frozenset({
    "126.com", "139.com", "163.com", "189.cn", "aim.com", "alice.it", "aliyun.com", "aol.com", "aol.de", "arcor.de",
    "att.net", "bellsouth.net", "bigpond.com", "bk.ru", "bluewin.ch", "bol.com.br", "btinternet.com", "centrum.cz",
    "charter.net", "comcast.net", "cox.net", "daum.net", "duck.com", "earthlink.net", "email.cz", "email.de",
    "fastmail.com", "fastmail.fm", "foxmail.com", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com",
    "gmx.de", "gmx.net", "googlemail.com", "hanmail.net", "hey.com", "home.nl", "hotmail.be", "hotmail.co.uk",
    "hotmail.com", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it", "hotmail.nl", "hushmail.com", "icloud.com",
    "inbox.ru", "interia.pl", "juno.com", "kpnmail.nl", "laposte.net", "libero.it", "list.ru", "live.ca", "live.co.uk",
    "live.com", "live.de", "live.fr", "live.nl", "mac.com", "mail.com", "mail.de", "mail.ru", "mailbox.org", "me.com",
    "msn.com", "naver.com", "neuf.fr", "o2.pl", "online.de", "onet.pl", "optonline.net", "orange.fr", "outlook.com",
    "outlook.de", "outlook.fr", "pm.me", "posteo.de", "proton.me", "protonmail.com", "qq.com", "rambler.ru",
    "rediffmail.com", "rocketmail.com", "sbcglobal.net", "seznam.cz", "sfr.fr", "shaw.ca", "sina.com", "sky.com",
    "sohu.com", "t-online.de", "talktalk.net", "telenet.be", "terra.com.br", "tiscali.it", "tutanota.com", "uol.com.br",
    "verizon.net", "virgilio.it", "virgin.net", "virginmedia.com", "wanadoo.fr", "web.de", "wp.pl", "xtra.co.nz",
    "yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.com.au", "yahoo.com.br", "yahoo.de",
    "yahoo.es", "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru", "yeah.net", "ymail.com", "ziggo.nl", "zoho.com",
})  # fmt: skip
"""Domains under which anybody has an e-mail address."""

SHARED_SITES = frozenset({
    "about.me", "afternic.com", "angel.co", "bit.ly", "bodis.com",
    "crunchbase.com", "dan.com", "ebay.com", "etsy.com", "eventbrite.com", "facebook.com", "fb.com", "fb.me",
    "github.com", "gitlab.com", "godaddy.com", "goo.gl", "google.com", "hugedomains.com", "instagram.com",
    "linkedin.com", "linktr.ee", "lnkd.in", "medium.com", "meetup.com", "mixcloud.com", "notion.so", "parkingcrew.net",
    "pinterest.com", "sedo.com", "sedoparking.com", "sites.google.com", "soundcloud.com", "t.co", "tiktok.com",
    "tinyurl.com", "tripadvisor.com", "trustpilot.com", "tumblr.com", "twitter.com", "vimeo.com", "vk.com",
    "whatsapp.com", "wikipedia.org", "x.com", "xing.com", "yelp.com", "youtu.be", "youtube.com",
})  # fmt: skip
"""Sites on which anybody has a page, shorteners, and where parked domains lead."""


def domain_of(websites: pl.Expr) -> pl.Expr:
    """Return the host of web addresses as people write them, in lower case and without ``www.``; null for no address.

    ``https://www.Acme.com/about`` and ``acme.com`` are both ``acme.com``.
    """
    text = websites.cast(pl.String).str.strip_chars().str.to_lowercase()
    host = text.str.extract(_HOST).str.strip_chars(".")
    return host.str.strip_prefix("www.")


def registrable_domain(values: pl.Series) -> pl.Series:
    """Return the registered domain of websites and e-mail addresses, null where there is none or everybody shares it.

    A letter of another script that looks like a Latin one stays another letter: such names are compared in the form in
    which they are registered (``xn--...``). Addresses written plainly, as most are, are read without a pattern's help.
    """
    text = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    plain = _plain_host(text)
    suffixes, wildcards, _ = _public_suffixes()
    top = "|".join(wildcards.filter(~wildcards.str.contains(".", literal=True)))
    easy = (plain.str.contains(r"^[a-z0-9-]+\.[a-z]+$") & ~plain.str.contains(rf"\.(?:{top})$")).fill_null(value=False)
    hard = ~easy & text.is_not_null() & (text != "")
    found = plain.set(~easy | plain.is_in(suffixes.implode()), None)
    if hard.any():
        distinct = text.filter(hard).unique()
        table = pl.DataFrame({"text": distinct, "domain": _registered(_hosts(distinct))})
        slow = text.filter(hard).to_frame("text").join(table, on="text", how="left", maintain_order="left")["domain"]
        found = found.scatter(hard.arg_true(), slow)
    shared = pl.Series(sorted(FREE_MAIL | SHARED_SITES))
    return found.set(found.is_in(shared.implode()), None).alias(values.name)


def _plain_host(text: pl.Series) -> pl.Series:
    """Return addresses without scheme, ``www.`` and path; what is no plain host then is read with more care."""
    bare = text.str.strip_prefix("https://").str.strip_prefix("http://").str.strip_prefix("www.").alias("bare")
    slash = bare.str.find("/", literal=True)
    if slash.null_count() == bare.len():
        return bare
    cut = pl.when(pl.lit(slash).is_not_null()).then(pl.col("bare").str.head(pl.lit(slash))).otherwise("bare")
    return bare.to_frame().select(cut).to_series()


def _hosts(text: pl.Series) -> pl.Series:
    hosts = text.to_frame("v").select(domain_of(pl.col("v").str.replace(_WRAPPED, "$1"))).to_series()
    ascii_only = hosts.str.len_bytes().equals(hosts.str.len_chars())
    return hosts if ascii_only else pl.Series([host and _punycode(host) for host in hosts], dtype=pl.String)


def _registered(hosts: pl.Series) -> pl.Series:
    """Return the last labels of hosts that a registry handed out: the public suffix and the one before it."""
    suffixes, wildcards, exceptions = _public_suffixes()
    tails = [pl.col("host").str.extract(rf"((?:^|\b)(?:[^.]+\.){{{count}}}[^.]+)$").alias(f"tail{count + 1}")
             for count in range(_LONGEST + 1)]  # fmt: skip
    rows = hosts.to_frame("host").with_columns(tails)
    registered = pl.col("tail2")
    for count in range(2, _LONGEST + 1):
        tail, parent = pl.col(f"tail{count}"), pl.col(f"tail{count - 1}")
        public = tail.is_in(suffixes.implode()) | parent.is_in(wildcards.implode())
        registered = pl.when(public).then(f"tail{count + 1}").otherwise(registered)
        registered = pl.when(tail.is_in(exceptions.implode())).then(tail).otherwise(registered)
    address = pl.col("host").str.contains(_NUMBERS)
    return rows.select(pl.when(~address).then(registered)).to_series()


def _punycode(host: str) -> str | None:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return None


@cache
def _public_suffixes() -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return the public suffixes, those under which every name is one, and the exceptions to that."""
    given = [_punycode(rule) for rule in _EXTRACT.tlds]
    rules = pl.Series([rule for rule in given if rule is not None], dtype=pl.String)
    wild, except_for = rules.str.starts_with("*."), rules.str.starts_with("!")
    return rules.filter(~wild & ~except_for), rules.filter(wild).str.slice(2), rules.filter(except_for).str.slice(1)
