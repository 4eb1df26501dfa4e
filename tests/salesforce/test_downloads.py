"""Several queries in one call, and large readings in pieces with a bookmark."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from toolkit.demo_org import DemoOrg
from toolkit.errors import NotFoundError, RequestError
from toolkit.salesforce.downloads import Bookmark
from toolkit.salesforce.query import Query


@pytest.fixture
def demo(request, now):
    with DemoOrg.start(accounts=getattr(request, "param", 40), seed=1, now=now) as started:
        yield started


def test_several_queries_are_one_call(demo, org):
    org.describe("Account"), org.describe("Contact")
    calls = len(demo.calls)
    named, counted, gone = org.ask(
        Query("Account", ("Id", "Name"), "Name LIKE 'A%'", order_by="Name DESC", limit=3),
        Query("Contact"),
        Query("Account", ("Id",), "IsDeleted = true", deleted_too=True),
    )
    assert [path for _, path, _ in demo.calls[calls:]] == ["/services/data/v66.0/composite"]
    assert named.frame["Name"].to_list() == [
        row["Name"] for row in demo.rows("SELECT Name FROM Account WHERE Name LIKE 'A%' ORDER BY Name DESC LIMIT 3")
    ]
    assert counted.total == len(demo.rows("SELECT Id FROM Contact"))
    assert counted.frame.height == 0
    assert gone.total == gone.frame.height == 2


def test_more_than_five_queries_are_several_calls(demo, org):
    org.describe("Account")
    calls = len(demo.calls)
    assert [each.total for each in org.ask(*[Query("Account")] * 7)] == [40] * 7
    assert len(demo.calls) - calls == 2


def test_a_query_that_is_refused_says_why(org):
    with pytest.raises(RequestError, match="Nonsense"):
        org.ask(Query("Account"), Query("Account", ("Id",), "Nonsense__c = 1"))


@pytest.mark.parametrize("demo", [4_500], indirect=True)
@pytest.mark.parametrize("way", ["rest", "bulk"])
def test_a_download_goes_on_at_its_bookmark_and_asks_for_nothing_again(demo, org, way):
    whole = org.records("Account", ["Id", "Name"])
    pieces = org.download("Account", ["Id", "Name"], begin=way, per_page=2_000)
    taken = [next(pieces) for _ in range(2 if way == "bulk" else 1)]  # the first of a job is its bookmark alone
    pieces.close()
    bookmark = taken[-1][1]
    assert isinstance(bookmark, Bookmark)
    calls = len(demo.calls)
    rest = list(org.download("Account", ["Id", "Name"], begin=bookmark, per_page=2_000))
    assert rest[-1][1] is None
    assert sum(frame.height for frame, _ in rest) == 2_500
    assert_frame_equal(pl.concat([*(frame for frame, _ in [*taken, *rest])]).sort("Id"), whole)
    if way == "bulk":
        assert demo.calls[-1][0] == "DELETE"
        with pytest.raises(NotFoundError, match="is gone"):
            list(org.download("Account", ["Id", "Name"], begin=bookmark))
    else:
        assert len(demo.calls) - calls == 2


def test_what_became_of_records_is_known_while_they_are_in_the_recycle_bin(demo, org):
    first, second, third, _ = (row["Id"] for row in demo.rows("SELECT Id FROM Account ORDER BY Id LIMIT 4"))
    demo.merge("Account", first, [second])
    fates = org.fates("Account", [first, second, third])
    assert fates.rows() == [(first, False, None), (second, True, first), (third, False, None)]
    user = demo.rows("SELECT Id FROM User LIMIT 1")[0]["Id"]
    assert org.fates("User", [user]).rows() == [(user, False, None)]
