"""New accounts in a hierarchy: in the plan and in the commit, parents go before what hangs on them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.writeback.many import Desk, settings_of
from tests.writeback.test_excluding import rows
from toolkit.writeback.planning.nesting import CIRCLE, depths, levels

FAMILY = {"N-9": None, "N-1": "N-9", "N-2": "N-1", "N-0": "N-2"}
"""New accounts, each with the one it hangs on: by their ids, the top comes last."""


@pytest.fixture(params=["collections", "bulk"])
def family(request, desk):
    laid = Desk.laid(desk.demo_org, desk.org, desk.store, bulk_from=1 if request.param == "bulk" else 2000)
    return with_accounts(laid, FAMILY)


def with_accounts(desk, parents):
    """The desk with these new accounts here, and no other new one."""
    desk.settings = settings_of(desk.settings.writeback.bulk_from, account={"hierarchy": {"parent": "ParentId"}})
    old = desk.store.records("here", "account").filter(~pl.col("id").str.starts_with("N-"))
    new = pl.DataFrame(
        [
            {"id": name, "external_id": name, "name": f"Zz {name}", "parent_id": parent}
            for name, parent in parents.items()
        ],
        schema_overrides={"parent_id": pl.String},
    )
    desk.store.save_records("here", "account", pl.concat([old, new], how="diagonal"))
    desk.match()
    return desk


def of_accounts(plan):
    return plan.changes.filter((pl.col("object") == "account") & (pl.col("operation") == "create"))


def test_BEY_1_SKA_13_a_new_hierarchy_is_planned_and_created_from_the_top_at_any_depth(family):
    plan = family.plan()
    made = of_accounts(plan)
    assert made["here_id"].unique(maintain_order=True).to_list() == ["N-9", "N-1", "N-2", "N-0"]
    parents = made.filter(field="ParentId")
    assert parents.select("here_id", "after").rows() == [
        ("N-1", "{account:N-9}"), ("N-2", "{account:N-1}"), ("N-0", "{account:N-2}"),
    ]  # fmt: skip
    assert parents["reason"].unique().to_list() == [
        "not in Salesforce yet, nor is the record it refers to: it goes first"
    ]
    done = family.commit(plan)
    assert (done.failed, done.held) == (0, 0), done.failures
    assert done.api_calls <= plan.cost.calls + 1  # each level is asked about and sent by itself
    by_id = {row["Id"]: row for row in family.made_by_us("Account", "Name", "ParentId", "Product_Id__c")}
    above = {row["Product_Id__c"]: by_id[row["ParentId"]]["Product_Id__c"] if row["ParentId"] else None
             for row in by_id.values()}  # fmt: skip
    assert above == FAMILY
    assert family.plan().changes.is_empty()


def test_BEY_1_what_hangs_on_a_record_that_is_left_out_is_left_out_with_it(desk):
    laid = with_accounts(Desk.laid(desk.demo_org, desk.org, desk.store), FAMILY)
    plan = laid.plan()
    top = of_accounts(plan).filter(here_id="N-1")["seq"].head(1)
    thinner = plan.without(top, "ada")
    left = thinner.changes.filter(verdict="excluded", object="account")["here_id"].unique().sort().to_list()
    assert left == ["N-0", "N-1", "N-2"]
    done = laid.commit(thinner)
    assert done.failed == 0
    assert [row["Product_Id__c"] for row in laid.made_by_us("Account", "Product_Id__c")] == ["N-9"]


def test_BEY_1_a_record_without_its_parent_says_so_and_one_in_a_circle_is_held(desk):
    parents = {"N-1": "Nobody", "N-3": "N-4", "N-4": "N-3", "N-5": "N-5", "N-6": "N-3", "N-7": "N-8", "N-8": None}
    laid = with_accounts(Desk.laid(desk.demo_org, desk.org, desk.store), parents)
    here = laid.store.records("here", "account")
    too_long = pl.when(pl.col("id") == "N-8").then(pl.lit("Z" * 300)).otherwise("name")
    laid.store.save_records("here", "account", here.with_columns(name=too_long))
    made = of_accounts(laid.plan())
    alone = made.filter(here_id="N-1")
    assert alone["verdict"].unique().to_list() == ["write"]
    assert "ParentId" not in alone["field"].to_list()
    assert alone["reason"][0].endswith("; without its parent Nobody, which has no record in Salesforce, and this plan "
                                       "makes none")  # fmt: skip
    circle = made.filter(pl.col("here_id").is_in(["N-3", "N-4", "N-5", "N-6"]))
    assert circle.select("verdict", "reason").unique().rows() == [("held", CIRCLE)]
    refused = made.filter(here_id="N-8")
    assert refused["verdict"].unique().to_list() == ["refused"]
    below = made.filter(here_id="N-7")
    assert (below["verdict"].unique().to_list(), "ParentId" in below["field"].to_list()) == (["write"], False)
    assert "without its parent N-8" in below["reason"][0]


@given(st.lists(st.integers(-1, 11), min_size=1, max_size=12))
def test_BEY_1_every_record_comes_after_the_one_it_hangs_on_or_is_in_a_circle(parents):
    given_ = [("there", "account", f"P-{n}", None, "create", "ParentId", "parent_id", f"{{account:P-{parent}}}")
              for n, parent in enumerate(parents) if parent >= 0]  # fmt: skip
    changes = rows(*given_, *[("there", "account", f"P-{n}", None, "create", "Name", "name", "x")
                              for n in range(len(parents))])  # fmt: skip
    known = {here_id: depth for _, here_id, depth in depths(changes).iter_rows()}
    for number in range(len(parents)):
        chain, at = [], number
        while 0 <= at < len(parents) and at not in chain:
            chain.append(at)
            at = parents[at]
        round_ = 0 <= at < len(parents)
        expected = None if round_ else len(chain) - (at == -1)
        assert known.get(f"P-{number}", 0) == expected
    if None not in known.values():
        order = [here_id for level in levels(changes) for here_id in level["here_id"].unique()]
        assert len(order) == len(parents)
        for number, parent in enumerate(parents):
            if 0 <= parent < len(parents):
                assert order.index(f"P-{parent}") < order.index(f"P-{number}")
