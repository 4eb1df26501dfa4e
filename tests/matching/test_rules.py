"""Match rules: their grammar, and what each way of reading values links, holds and leaves alone."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tldextract import TLDExtract

from toolkit.config import parse, preset_text
from toolkit.config.match_rules import MatchRule
from toolkit.config.objects import ObjectMapping
from toolkit.errors import ConfigError
from toolkit.frames import PAIR_DECISIONS, UTC_TIME
from toolkit.matching.domains import registrable_domain
from toolkit.matching.match import match
from toolkit.matching.names import core_name
from toolkit.matching.phones import phone_of
from toolkit.matching.through import Contacts

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 3, 8, tzinfo=UTC)
BY_NAME = "name(name) = name(Name) and country = BillingCountry"
THROUGH = "email(contact_email) = email(Contacts.Email)"


def texts(**columns):
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def matched(here, there, *rules, links=None, now=NOW, **more):
    return match(here, there, ObjectMapping(match=rules), links, now, **more)


def pairs(found):
    return found.links.select("here_id", "there_id").rows()


def kinds(found):
    return dict(found.mismatches.select("id", "kind").rows())


# -- the grammar -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "external_id = Product_Id__c",
        "crm_id = Id",
        "owner = Owner.Name",
        "domain(website) = domain(Website)",
        BY_NAME,
        THROUGH,
        "email(contacts.email) = email(Contacts.Email)",
        "phone(phone, DE) = phone(Phone, DE)",
        "id(a) = id(B)",
    ],
)
def test_VIT_9_a_rule_says_the_same_when_it_is_written_back(text):
    rule = MatchRule.model_validate(text)
    assert str(rule) == rule.model_dump() == text
    assert MatchRule.model_validate(str(rule)) == rule


def test_VIT_9_what_a_rule_looks_at_and_what_it_carries():
    rule = MatchRule.model_validate(BY_NAME)
    assert (rule.here_columns, rule.there_paths) == (("name", "country"), ("Name", "BillingCountry"))
    assert rule.carried == (("name", "Name"), ("country", "BillingCountry"))
    through = MatchRule.model_validate(THROUGH)
    assert (through.of_contacts, through.here_columns, through.there_paths) == (True, ("contact_email",), ())
    assert MatchRule.model_validate("domain(email) = domain(Website)").carried == ()


def test_VIT_9_every_fault_of_a_rule_is_told_with_its_place():
    rules = ["x", "domian(site) = domain(Website) and y", "email(a) = Website", "phone(a, de) = phone(B)", "9a = b c"]
    text = preset_text("demo").replace('match = ["external_id = Product_Id__c"]', f"match = {rules}")
    with pytest.raises(ConfigError) as caught:
        parse(text)
    told = {fault.place: fault.message for fault in caught.value.faults}
    assert [f"objects.account.match[{number}]" in told for number in range(5)] == [True] * 5
    assert 'part 1, "domian(...)" is unknown' in told["objects.account.match[1]"]
    assert 'did you mean "domain"?' in told["objects.account.match[1]"]
    assert 'part 2, "y"' in told["objects.account.match[1]"]
    assert "email(a) and id(Website) are never equal" in told["objects.account.match[2]"]
    assert "only phone takes a country" in told["objects.account.match[3]"]
    assert '"9a" is not a column here' in told["objects.account.match[4]"]


def test_CC_11_a_rule_through_contacts_needs_contacts_that_are_read():
    given = f'match = ["{THROUGH}"]'
    text = preset_text("demo").replace('match = ["external_id = Product_Id__c"]', given)
    assert parse(text).objects["account"].match[0].of_contacts
    with pytest.raises(ConfigError, match="looks at contacts, and none are read"):
        parse(f'[workspace]\nname = "x"\n[connection]\nlogin = "demo"\n[objects.account]\n{given}\n')
    other = THROUGH.replace("Email)", "Fax)")
    with pytest.raises(ConfigError, match="looks at Fax of contacts, which is not read"):
        parse(text.replace(THROUGH, other))


# -- the normalisers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://www.shop.Acme.co.uk/about", "acme.co.uk"),
        ("ACME.com.", "acme.com"),
        ("Ada <ada@acme.de>", "acme.de"),
        ("acme.github.io", "acme.github.io"),
        ("github.io", None),
        ("co.uk", None),
        ("a.b.example", "b.example"),
        ("x.city.kobe.jp", "city.kobe.jp"),
        ("ada@gmail.com", None),
        ("https://linkedin.com/company/acme", None),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("\u0430cme.com", "xn--cme-5cd.com"),
        ("1.2.3.4", None),
        ("acme", None),
        ("http://acme.com:8080/?q=1", "acme.com"),
        ("  ", None),
        (None, None),
    ],
)
def test_SKA_15_a_domain_is_what_a_company_registered(given, expected):
    assert registrable_domain(pl.Series([given], dtype=pl.String))[0] == expected


def test_SKA_15_domains_end_where_the_public_suffix_list_says():
    extract = TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)
    short = [rule for rule in extract.tlds if rule.count(".") < 3 and rule.isascii() and rule[0] not in "*!"]
    hosts = [f"{start}{rule}" for rule in sorted(short)[::25] for start in ("b.", "a.b.")]
    found = registrable_domain(pl.Series(hosts))
    expected = [extract(host).top_domain_under_public_suffix or None for host in hosts]
    assert [host for host, one, other in zip(hosts, found, expected, strict=True) if one != other] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Müller & Söhne GmbH & Co. KG", "muller sohne"),
        ("ACME, Inc.", "Acme Incorporated"),
        ("Foo Sp. z o.o.", "FOO"),
        ("Газпром ПАО", "OOO Gazprom"),
        ("Bar S.A. de C.V.", "bar"),
        ("\uff21cme", "Acme Ltd"),
        ("A\u200bcme Corp", "acme"),
        ("Ben & Jerry's", "ben and jerrys"),
        ("AG", "ag"),
    ],
)
def test_BEY_11_company_names_are_compared_without_legal_form_punctuation_script_and_case(one, other):
    names = core_name(pl.Series([one, other]))
    assert names[0] == names[1]


def test_BEY_11_a_name_that_mixes_scripts_equals_no_honest_one():
    looks, honest = core_name(pl.Series(["\u0410cme", "Acme"]))  # a Cyrillic letter first
    assert looks != honest
    assert core_name(pl.Series(["!!!", " ", None], dtype=pl.String)).null_count() == 3


def test_BEY_11_phones_are_compared_in_E_164_with_the_country_that_is_said():
    numbers = pl.Series(["+49 30 123456", "0049 30 123456", "030/123456", "no", None, "+1 212 555 0100 ext. 12"])
    assert phone_of(numbers, "DE").to_list() == ["+4930123456"] * 3 + [None, None, "+12125550100x12"]
    assert phone_of(numbers).to_list()[2] is None  # nobody says which country


# -- what the rules link ---------------------------------------------------------------------------------------------


def test_VIT_9_a_second_field_must_agree_as_well():
    here = texts(id=["A", "B", "C"], name=["Acme Inc", "Bolt AG", "Cog"], country=["US", "DE", None])
    there = texts(id=["1", "2", "3"], Name=["ACME", "Bolt", "Cog"], BillingCountry=["us", "AT", "FR"])
    found = matched(here, there, BY_NAME)
    assert pairs(found) == [("A", "1")]
    assert found.links["value"].to_list() == ["acme, us"]
    assert kinds(found) == {"B": "unmatched", "C": "no_key", "2": "unmatched", "3": "unmatched"}
    twins = pl.concat([there, texts(id=["4"], Name=["Acme"], BillingCountry=["US"])])
    reason = matched(here, twins, BY_NAME).mismatches.filter(id="A")["reason"].item()
    assert reason == ('name(Name) and BillingCountry "Acme Inc, US" is on 2 records in Salesforce: ACME (1), Acme (4)')


def test_BEY_10_a_domain_on_several_records_and_a_mail_provider_decide_nothing():
    here = texts(id=["A", "B", "C"], name=["a", "b", "c"], website=["parked.example", "gmail.com", "acme.com"])
    there = texts(
        id=["1", "2", "3", "4"],
        Name=["x", "y", "z", "w"],
        Website=["http://parked.example", "www.parked.example/for-sale", "gmail.com", "https://Acme.com"],
    )
    found = matched(here, there, "domain(website) = domain(Website)")
    assert pairs(found) == [("C", "4")]
    assert kinds(found) == {"A": "ambiguous", "B": "no_key", "1": "duplicate_key", "2": "duplicate_key", "3": "no_key"}
    assert found.mismatches.filter(id="B")["reason"].item() == 'domain(website) "gmail.com" is nothing to match by'


def test_BEY_10_one_key_on_thousands_of_records_holds_them_all():
    many = pl.DataFrame({"id": [f"{n:05}" for n in range(5_000)], "Product_Id__c": "TEST", "Name": "x"})
    found = matched(texts(id=["A"], external_id=["test"], name=["a"]), many, "external_id = Product_Id__c")
    assert found.links.is_empty()
    assert set(found.mismatches.filter(side="there")["kind"]) == {"duplicate_key"}


ACCOUNTS_HERE = texts(
    id=["A", "B", "C", "D"],
    name=["a", "b", "c", "d"],
    contact_email=["Ada@acme.example", "bob@bolt.example", None, "dee@two.example"],
)
ACCOUNTS_THERE = texts(id=["1", "2", "3"], Name=["x", "y", "z"])
PEOPLE = texts(
    id=["p1", "p2", "p3", "p4", "p5", "p6"],
    AccountId=["1", "1", "2", None, "2", "3"],
    Email=["ada@acme.example", "else@acme.example", None, "bob@bolt.example", "dee@two.example", "DEE@two.example"],
)


def test_CC_11_an_account_is_found_through_the_e_mail_of_its_contact():
    contacts = Contacts(there=PEOPLE)
    found = matched(ACCOUNTS_HERE, ACCOUNTS_THERE, THROUGH, contacts=contacts)
    assert found.links.select("here_id", "there_id", "value").rows() == [("A", "1", "ada@acme.example")]
    # the contact of Bob has no account, C has no address, and Dee's address leads to two
    assert kinds(found) == {"B": "unmatched", "C": "no_key", "D": "ambiguous", "2": "ambiguous", "3": "ambiguous"}
    reason = found.mismatches.filter(id="D")["reason"].item()
    assert reason == 'email(contact_email) "dee@two.example" leads to 2 records in Salesforce: y (2), z (3)'
    left = Contacts(there=PEOPLE.filter(pl.col("id") != "p1"))  # who leaves a company does not part the pair
    again = matched(ACCOUNTS_HERE, ACCOUNTS_THERE, THROUGH, links=found.links, now=LATER, contacts=left)
    assert again.links.equals(found.links)
    moved = Contacts(
        there=PEOPLE.with_columns(AccountId=pl.when(pl.col("id") == "p1").then(pl.lit("2")).otherwise("AccountId"))
    )
    assert ("A", "1") not in pairs(matched(ACCOUNTS_HERE, ACCOUNTS_THERE, THROUGH, links=found.links, contacts=moved))


def test_CC_11_contacts_of_both_sides_find_their_accounts():
    ours = texts(id=["k1", "k2"], account_id=["A", "A"], email=["else@acme.example", "ada@acme.example"])
    rule = "email(contacts.email) = email(Contacts.Email)"
    found = matched(ACCOUNTS_HERE, ACCOUNTS_THERE, rule, contacts=Contacts(here=ours, there=PEOPLE))
    assert pairs(found) == [("A", "1")]
    assert matched(ACCOUNTS_HERE, ACCOUNTS_THERE, rule).links.is_empty()


# -- properties ------------------------------------------------------------------------------------------------------

SITES = st.sampled_from([None, "", "acme.com", "https://www.acme.com/x", "bolt.de", "gmail.com", "x.github.io"])
NAMES = st.sampled_from([None, "Acme", "ACME Inc.", "Bolt", "\u0410cme"])
RULES = ("external_id = Product_Id__c", "domain(website) = domain(Website)", BY_NAME, THROUGH)
ROWS = st.lists(
    st.tuples(st.sampled_from([None, "P-1", "p-1 ", "P-2"]), SITES, NAMES, st.sampled_from(["DE", "US", None])),
    max_size=6,
)
VERDICTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["same", "different"])), max_size=4)
MAILS = st.lists(st.sampled_from([None, "a@x.example", "b@x.example"]), min_size=6, max_size=6)


def sides(ours, theirs, mails):
    here = pl.DataFrame(
        [(f"h{n}", *row, mails[n]) for n, row in enumerate(ours)],
        orient="row",
        schema=dict.fromkeys(["id", "external_id", "website", "name", "country", "contact_email"], pl.String),
    )
    there = pl.DataFrame(
        [(f"t{n}", *row) for n, row in enumerate(theirs)],
        orient="row",
        schema=dict.fromkeys(["id", "Product_Id__c", "Website", "Name", "BillingCountry"], pl.String),
    )
    people = texts(id=[f"c{n}" for n in range(6)], AccountId=[f"t{n}" for n in range(6)], Email=mails[::-1])
    return here, there, Contacts(there=people)


def decided(rows):
    told = {(f"h{one}", f"t{other}"): verdict for one, other, verdict in rows}
    return pl.DataFrame(
        [("account", one, other, verdict, "ada", NOW, "", "") for (one, other), verdict in told.items()],
        schema=PAIR_DECISIONS.schema,
        orient="row",
    ).cast({"decided_at": UTC_TIME})


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, MAILS, VERDICTS, st.randoms(use_true_random=False))
def test_BEY_11_no_order_changes_a_link_and_no_rerun_overturns_a_decision(ours, theirs, mails, verdicts, shuffle):
    here, there, contacts = sides(ours, theirs, mails)
    decisions = decided(verdicts)
    before = matched(here, there, *RULES, contacts=contacts)
    found = matched(here, there, *RULES, links=before.links, contacts=contacts, decisions=decisions)
    again = matched(here, there, *RULES, links=found.links, contacts=contacts, decisions=decisions, now=LATER)
    assert again.links.equals(found.links)
    assert again.mismatches.equals(found.mismatches)
    orders = [list(range(side.height)) for side in (here, there)]
    for order in orders:
        shuffle.shuffle(order)
    other = matched(
        here[orders[0]], there[orders[1]], *RULES, links=before.links, contacts=contacts, decisions=decisions
    )
    assert other.links.equals(found.links)
    assert other.mismatches.equals(found.mismatches)
    for side, records in (("here", here), ("there", there)):
        alone = found.mismatches.filter(side=side)["id"].to_list()
        assert sorted(found.links[f"{side}_id"].to_list() + alone) == sorted(records["id"].to_list())
    linked = set(pairs(found))
    apart = set(decisions.filter(verdict="different").select("here_id", "there_id").rows())
    assert not linked & apart
    together = decisions.filter(verdict="same").filter(
        pl.col("here_id").is_in(here["id"].implode()), pl.col("there_id").is_in(there["id"].implode())
    )
    for one, other_id in together.select("here_id", "there_id").rows():
        rivals = together.filter((pl.col("here_id") == one) | (pl.col("there_id") == other_id)).height
        assert rivals > 1 or (one, other_id) in linked
