"""Community members find their account by a contact's e-mail address, or are held with the reason."""

from datetime import UTC, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.frames import LINKS
from toolkit.importing.members import MEMBER_RULES, link_members

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
CONTACTS = pl.DataFrame(
    [
        ("c1", "ada@acme.example", "a1"),
        ("c2", "bob@bolt.example", "a2"),
        ("c3", "team@acme.example", "a1"),
        ("c4", "TEAM@acme.example", "a1"),
        ("c5", "both@x.example", "a1"),
        ("c6", "both@x.example", "a2"),
        ("c7", "free@x.example", None),
    ],
    schema=["id", "email", "account_id"],
    orient="row",
)


def members(*emails):
    rows = {"id": [f"m{n}" for n in range(len(emails))], "name": ["Somebody"] * len(emails), "email": list(emails)}
    return pl.DataFrame(rows, schema=dict.fromkeys(rows, pl.String))


def placed(done):
    return done.links.select("member_id", "contact_id", "account_id").rows()


def test_CC_9_CC_11_a_member_is_linked_to_the_account_of_the_contact_with_the_address():
    done = link_members(members(" Ada <ADA@acme.example>", "bob@bolt.example"), CONTACTS)
    assert placed(done) == [("m0", "c1", "a1"), ("m1", "c2", "a2")]
    assert done.skips.is_empty()


def test_CC_9_who_cannot_be_placed_is_held_with_the_reason():
    done = link_members(members("nobody@x.example", None, "free@x.example", "both@x.example"), CONTACTS)
    assert done.links.is_empty()
    assert done.skips.select("object", "id", "rule", "reason").rows() == [
        ("member", "m0", "member without contact (CC-11)", "no contact has the e-mail nobody@x.example"),
        ("member", "m1", "member without e-mail (CC-11)", "it has no e-mail address"),
        ("member", "m2", "member without account (CC-11)", "free@x.example is the e-mail of c7, of no account"),
        ("member", "m3", "member of several accounts (CC-14)",
         "both@x.example is the e-mail of contacts of 2 accounts: c5, c6"),
    ]  # fmt: skip


def test_CC_14_several_contacts_of_one_account_leave_the_account_certain_and_the_contact_open():
    assert placed(link_members(members("team@acme.example"), CONTACTS)) == [("m0", None, "a1")]


def test_CC_11_an_archived_contact_decides_nothing():
    archived = CONTACTS.with_columns(archived_on=pl.when(pl.col("id") == "c6").then(pl.lit(NOW.date())))
    assert placed(link_members(members("both@x.example"), archived)) == [("m0", "c5", "a1")]


def test_CC_12_the_same_links_are_read_from_salesforces_end():
    links = pl.DataFrame(
        [
            ("account", "a1", "0011", "import", None, NOW, "import"),
            ("contact", "c1", "0031", "import", None, NOW, "import"),
        ],
        schema=LINKS.schema,
        orient="row",
    )
    done = link_members(members("ada@acme.example", "team@acme.example"), CONTACTS, links)
    to_salesforce = done.links.select("contact_there_id", "account_there_id", "member_id").rows()
    assert to_salesforce == [("0031", "0011", "m0"), (None, "0011", "m1")]
    assert done.links.select("member_id", "account_id").rows() == [("m0", "a1"), ("m1", "a1")]


def test_CC_12_members_with_the_same_address_belong_to_the_same_account():
    assert [row[2] for row in placed(link_members(members(*["bob@bolt.example"] * 2), CONTACTS))] == ["a2", "a2"]


EMAILS = st.sampled_from(["ada@acme.example", "BOTH@x.example", "free@x.example", "team@acme.example", "x", None])


@settings(max_examples=40, deadline=None)
@given(st.lists(EMAILS, max_size=8), st.randoms(use_true_random=False))
def test_CC_9_every_member_is_placed_or_held_in_any_order(emails, random):
    rows = members(*emails)
    done = link_members(rows, CONTACTS)
    assert sorted([*done.links["member_id"], *done.skips["id"]]) == sorted(rows["id"])
    assert set(done.skips["rule"]) <= set(MEMBER_RULES)
    seed = random.randint(0, 99)
    other = link_members(rows.sample(fraction=1, shuffle=True, seed=seed),
                         CONTACTS.sample(fraction=1, shuffle=True, seed=seed))  # fmt: skip
    assert other.links.equals(done.links)
    assert other.skips.equals(done.skips)
