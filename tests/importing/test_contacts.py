"""Contacts: one account each, the four tags from wherever a company keeps them, and what is odd about them is told."""

from datetime import UTC, datetime

import polars as pl
import pytest

from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS
from toolkit.importing.contacts import contact_accounts
from toolkit.importing.extras import extra_reads
from toolkit.importing.records import blank_here, import_object
from toolkit.matching.emails import normal_email
from toolkit.matching.match import match

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
FIELDS = [
    {"here": "name", "there": "Name", "direction": "input"},
    {"here": "email", "there": "Email", "direction": "input"},
]
ACCOUNTS = pl.DataFrame(
    [("account", f"a{n}", f"001{n}", "import", None, NOW, "import") for n in range(1, 4)],
    schema=LINKS.schema,
    orient="row",
)


def mapping(**settings):
    given = {"sobject": "Contact", "create": True, "fields": FIELDS}
    return ObjectMapping.model_validate(given | settings).named("contact")


def people(*rows, **columns):
    schema = ("id", "Name", "Email", "AccountId")
    frame = pl.DataFrame([dict(zip(schema, row, strict=True)) for row in rows], schema=dict.fromkeys(schema, pl.String))
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


ADA, BOB = ("003A", "Ada", "ada@acme.example", "0011"), ("003B", "Bob", "bob@bolt.example", "0012")


def imported(rows, using, here=None, links=ACCOUNTS, **extras):
    return import_object(using, rows, here, links, NOW, extras=extras)


def relations(*rows):
    columns = ("Id", "ContactId", "AccountId", "Roles", "IsDirect", "IsActive")
    return pl.DataFrame([dict(zip(columns, (f"07k{n}", *row), strict=True)) for n, row in enumerate(rows)])


def told(done):
    return done.skips.select("id", "rule", "reason").rows()


def test_SKA_22_tags_come_from_the_values_of_a_field():
    tags = {
        "champion": {"field": "Role__c", "values": ["Ambassador"]},
        "sponsor": {"field": "Is_Sponsor__c"},
    }
    rows = people(ADA, BOB, Role__c=[["User", "ambassador "], None], Is_Sponsor__c=[None, True])
    here = imported(rows, mapping(tags=tags)).here
    assert here.select("champion", "sponsor", "key_user", "end_user").rows() == [
        (True, False, None, None),
        (False, True, None, None),
    ]


def test_SKA_22_tags_come_from_the_part_in_an_opportunity():
    using = mapping(tags={"sponsor": {"opportunity_roles": ["Executive Sponsor"]}})
    (read,) = extra_reads(using, people(ADA, BOB))
    assert (read.sobject, read.by, read.ids.to_list()) == ("OpportunityContactRole", "ContactId", ["003A", "003B"])
    roles = pl.DataFrame(
        {"Id": ["00K1", "00K2"], "ContactId": ["003A", "003B"], "OpportunityId": ["006"] * 2,
         "Role": ["Executive Sponsor", "Evaluator"]}
    )  # fmt: skip
    assert imported(people(ADA, BOB), using, OpportunityContactRole=roles).here["sponsor"].to_list() == [True, False]
    assert imported(people(ADA, BOB), using).here["sponsor"].to_list() == [None, None]  # not read is not "no"


def test_SKA_22_tags_come_from_an_active_relation_with_the_contacts_own_account():
    using = mapping(tags={"key_user": {"account_roles": ["Business User"]}})
    (read,) = extra_reads(using, people(ADA, BOB))
    assert read.sobject == "AccountContactRelation"
    rows = relations(
        ("003A", "0011", "Influencer;Business User", True, True),
        ("003B", "0012", "Business User", True, False),
        ("003B", "0013", "Business User", False, True),
    )
    assert imported(people(ADA, BOB), using, AccountContactRelation=rows).here["key_user"].to_list() == [True, False]


def test_SKA_22_a_tag_follows_salesforce_in_contacts_that_were_here_before():
    using = mapping(tags={"champion": {"field": "Role__c", "values": ["Ambassador"]}})
    first = imported(people(ADA, Role__c=["Ambassador"]), using)
    links = pl.concat([ACCOUNTS, first.links])
    now = imported(people(ADA, Role__c=["User"]), using, first.here, links)
    assert now.here["champion"].to_list() == [False]
    assert now.counts["updated"] == 1


def test_SKA_22_a_column_that_is_mapped_goes_before_the_tag():
    fields = [*FIELDS, {"here": "champion", "there": "Role__c", "direction": "input"}]
    using = mapping(fields=fields, tags={"champion": {"field": "Role__c", "values": ["Ambassador"]}})
    assert imported(people(ADA, Role__c=["Ambassador"]), using).here["champion"].to_list() == ["Ambassador"]


def test_CC_14_a_contact_belongs_to_its_own_account_even_if_it_is_related_to_others():
    rows = relations(("003A", "0012", None, False, True), ("003A", "0011", None, True, True))
    done = imported(people(ADA), mapping(related_accounts=True), AccountContactRelation=rows)
    assert done.here["account_id"].to_list() == ["a1"]
    assert told(done) == [
        ("003A", "related_accounts (CC-14)", "it belongs to one account, 0011; it is also related to 0012")
    ]


@pytest.mark.parametrize("related", [True, False])
def test_CC_14_related_accounts_count_only_when_the_setting_says_so(related):
    using = mapping(related_accounts=related)
    outside = ("003C", "Cyd", "cyd@x.example", "001Z")
    assert len(extra_reads(using, people(outside))) == related
    rows = relations(
        ("003C", "0013", None, False, True), ("003C", "0012", None, False, True), ("003C", "0011", None, False, False)
    )
    done = imported(people(outside), using, AccountContactRelation=rows)
    assert done.here["account_id"].to_list() == (["a2"] if related else [])
    if related:  # the active one with the smallest id; the one that ended comes last
        assert told(done)[0][2] == "it belongs to one account, 0012; it is also related to 0013, 0011"


def test_CC_14_the_choice_depends_on_no_order_of_rows():
    rows = relations(*(("003C", f"001{n}", None, False, True) for n in (3, 1, 2)))
    using = mapping(related_accounts=True)
    outside = people(("003C", "Cyd", None, None))
    found = [imported(outside, using, AccountContactRelation=each).here for each in (rows, rows.reverse())]
    assert found[0].equals(found[1])
    assert found[0]["account_id"].to_list() == ["a1"]


def test_two_contacts_with_one_address_are_both_kept_and_told():
    twin = ("003C", "Ada (2)", " ADA@acme.example", "0011")
    done = imported(people(ADA, BOB, twin), mapping())
    assert done.here.height == 3
    reason = "2 contacts have the e-mail ada@acme.example: 003A, 003C; a member with it is not linked to a contact"
    assert told(done) == [("003A", "same e-mail (CC-11)", reason), ("003C", "same e-mail (CC-11)", reason)]


def matched_by_email(rows, here=None, links=ACCOUNTS):
    using = mapping(match=["email = Email"])
    found = match(blank_here(using) if here is None else here, rows, using, links, NOW, object_name="contact")
    others = links.filter(pl.col("object") != "contact")
    return import_object(using, rows, here, pl.concat([others, found.links]), NOW, mismatches=found.mismatches)


def test_contacts_that_share_an_address_only_with_each_other_are_adopted_where_it_is_matched_on():
    twin = ("003C", "Ada (2)", "ada@acme.example", "0011")
    first = matched_by_email(people(ADA, BOB, twin))
    assert first.here["id"].to_list() == ["003A", "003B", "003C"]
    third = matched_by_email(
        people(ADA, BOB, twin, ("003D", *twin[1:])), first.here, pl.concat([ACCOUNTS, first.links])
    )
    assert third.counts["created"] == 1


def test_contacts_that_share_an_address_with_one_who_may_be_either_are_held():
    twin = ("003C", "Ada (2)", "ada@acme.example", "0011")
    known = pl.DataFrame({"id": ["p1"], "email": ["ADA@acme.example"], "account_id": ["a1"]})
    held = matched_by_email(people(ADA, twin), known)
    assert held.counts["held"] == 2
    assert held.here["id"].to_list() == ["p1"]


def test_contacts_without_an_address_or_an_account_are_kept_and_told():
    done = imported(people(("003A", "Ada", "none", "0011"), ("003B", "Bob", "b@b.example", None)), mapping())
    assert done.here.select("id", "account_id").rows() == [("003A", "a1"), ("003B", None)]
    assert told(done) == [
        ("003A", "no e-mail (CC-11)", "it has no e-mail address; no member can be linked to it"),
        ("003B", "no account (SKA-19)", "it belongs to no account in Salesforce; it is kept, and counts for none"),
    ]


def test_a_contact_that_moves_to_another_account_moves_here():
    first = imported(people(ADA), mapping())
    links = pl.concat([ACCOUNTS, first.links])
    moved = imported(people((*ADA[:3], "0013")), mapping(), first.here, links)
    assert moved.here["account_id"].to_list() == ["a3"]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (" Ada@Acme.Example ", "ada@acme.example"),
        ("Ada Byron <ada@acme.example>", "ada@acme.example"),
        ("mailto:ada@acme.example", "ada@acme.example"),
        ("a.d.a+news@acme.example", "a.d.a+news@acme.example"),
        ("ada at acme", None),
        ("a@b@c", None),
        ("", None),
        (None, None),
    ],
)
def test_CC_11_addresses_are_compared_in_one_form(given, address):
    assert pl.DataFrame({"e": [given]}, schema={"e": pl.String}).select(normal_email(pl.col("e"))).item() == address


def test_CC_14_every_account_of_a_contact_is_kept_beside_the_one_it_belongs_to():
    rows = relations(
        ("003A", "0012", "Decision Maker;Billing", False, True), ("003A", "0011", None, True, True),
        ("003A", "001Z", None, False, True), ("003Z", "0011", None, False, True),
    )  # fmt: skip
    using = mapping(relations=True)
    there = people(ADA, BOB)
    assert [read.sobject for read in extra_reads(using, there)] == ["AccountContactRelation"]
    done = imported(there, using, AccountContactRelation=rows)
    links = pl.concat([done.links, ACCOUNTS])
    found = contact_accounts(there, using, rows, links)
    ada, bob = (done.links.filter(there_id=key)["here_id"].item() for key in ("003A", "003B"))
    assert found.filter(contact_id=ada).select("account_id", "role", "direct").rows() == [
        ("a1", None, True), ("a2", "Billing;Decision Maker", False),
    ]  # fmt: skip
    assert found.filter(contact_id=bob)["direct"].to_list() == [True]  # its own account, though no row says so
    assert found.equals(contact_accounts(there, using, rows.reverse(), links))
    assert done.here.filter(id=ada)["account_id"].to_list() == ["a1"]
