"""E-mails, meetings, calls and notes: what Salesforce's own fields say, copies told apart, and nothing sent back."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from toolkit.config.interactions import kind_condition, standard_paths
from toolkit.config.objects import ObjectMapping
from toolkit.frames import LINKS
from toolkit.importing.extras import extra_reads
from toolkit.importing.interactions import interactions, may_go_out, with_copies
from toolkit.importing.records import RULES, import_object

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
TEN = datetime(2026, 11, 1, 10, tzinfo=UTC)
LINKED = pl.DataFrame(
    [
        ("account", "a1", "0011", "import", None, NOW, "import"),
        ("account", "a2", "0012", "import", None, NOW, "import"),
        ("contact", "c1", "0031", "import", None, NOW, "import"),
    ],
    schema=LINKS.schema,
    orient="row",
)
CONTACTS = pl.DataFrame({"id": ["c1"], "email": ["ada@acme.example"], "account_id": ["a1"], "there_id": ["0031"]})
SOBJECTS = {"meeting": "Event", "call": "Task", "email": "EmailMessage", "note": "Note"}


def mapping(object_name, **settings):
    given = {"sobject": SOBJECTS.get(object_name, "Task"), "create": True, "name": "Subject"}
    return ObjectMapping.model_validate(given | settings).named(object_name)


MAPPINGS = {name: mapping(name) for name in SOBJECTS}


USERS = {"User": pl.DataFrame({"Id": ["0051"], "Name": ["Cara"]})}


def imported(name, row, using=None, extras=USERS, **more):
    """Import one or several records of an object, as pulled."""
    rows = row if isinstance(row, pl.DataFrame) else pl.DataFrame([{"id": "00X1", "AccountId": "0011", **row}])
    return import_object(using or MAPPINGS[name], rows, None, LINKED, NOW, contacts=CONTACTS, extras=extras, **more)


def told(done, *columns):
    return done.here.select(columns).row(0)


def test_SKA_32_a_meeting_is_an_event_with_its_start_in_utc():
    row = {
        "Subject": "Kick-off", "StartDateTime": TEN, "ActivityDate": TEN.date(), "IsAllDayEvent": False,
        "DurationInMinutes": 45, "Description": "Agenda", "OwnerId": "0051", "WhoId": "0031",
    }  # fmt: skip
    columns = ("kind", "at", "all_day", "minutes", "subject", "body", "owner", "contact_id", "account_id", "origin")
    expected = ("meeting", TEN, False, 45.0, "Kick-off", "Agenda", "Cara", "c1", "a1", "salesforce")
    assert told(imported("meeting", row), *columns) == expected


def test_SKA_32_an_all_day_meeting_belongs_to_its_day_and_to_no_time_zone():
    row = {
        "Subject": "Fair", "StartDateTime": datetime(2026, 10, 31, 23, tzinfo=UTC), "ActivityDate": date(2026, 11, 1),
        "IsAllDayEvent": True, "DurationInMinutes": 1440,
    }  # fmt: skip
    assert told(imported("meeting", row), "at", "all_day") == (datetime(2026, 11, 1, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("day", "completed", "at", "all_day"),
    [
        (date(2026, 11, 1), TEN, TEN, False),
        (date(2026, 10, 20), TEN, datetime(2026, 10, 20, tzinfo=UTC), True),  # logged days after the call
        (date(2026, 11, 9), None, datetime(2026, 11, 9, tzinfo=UTC), True),  # planned
        (None, TEN, TEN, False),
        (None, None, NOW, False),
    ],
)
def test_SKA_32_a_call_was_when_it_was_completed_or_on_its_day(day, completed, at, all_day):
    row = {
        "Subject": "Call", "ActivityDate": day, "CompletedDateTime": completed, "CreatedDate": NOW,
        "CallDurationInSeconds": 90, "TaskSubtype": "Call",
    }  # fmt: skip
    schema = {"ActivityDate": pl.Date, "CompletedDateTime": pl.Datetime("ms", "UTC")}
    rows = pl.DataFrame([{"id": "00T1", "AccountId": "0011", **row}], schema_overrides=schema)
    assert told(imported("call", rows), "kind", "at", "all_day", "minutes") == ("call", at, all_day, 1.5)


def test_SKA_32_each_kind_is_read_from_its_own_fields_and_tasks_by_subtype():
    assert kind_condition("Task", "call") == "TaskSubtype = 'Call'"
    assert kind_condition("Task", "email") == "TaskSubtype = 'Email'"
    assert [kind_condition("Event", "meeting"), kind_condition("Task", "note")] == [None, None]
    assert {"StartDateTime", "IsAllDayEvent"} <= set(standard_paths("Event", "meeting"))
    assert standard_paths("Task", None) == ()
    for name, using in MAPPINGS.items():
        assert set(standard_paths(SOBJECTS[name], name)) <= set(using.there_paths)


@pytest.mark.parametrize(
    ("incoming", "sent_by", "sent_to"),
    [(True, "ada@acme.example", "cs@us.example"), (False, "cs@us.example", "Ada <ADA@acme.example>; b@x.example")],
)
def test_SKA_32_an_email_finds_its_contact_by_the_customers_address(incoming, sent_by, sent_to):
    row = {
        "Subject": "Renewal", "TextBody": "Hello", "MessageDate": TEN, "CreatedDate": NOW, "CreatedById": "0051",
        "Incoming": incoming, "FromAddress": sent_by, "ToAddress": sent_to, "RelatedToId": "0011", "ParentId": None,
        "ActivityId": None,
    }  # fmt: skip
    columns = ("kind", "at", "subject", "body", "owner", "contact_id", "account_id")
    expected = ("email", TEN, "Renewal", "Hello", "Cara", "c1", "a1")
    assert told(imported("email", row), *columns) == expected


def test_SKA_32_what_is_about_a_deal_or_a_case_belongs_to_their_account():
    rows = pl.DataFrame(
        {
            "id": ["02s1", "02s2", "02s3"],
            "Subject": ["A", "B", "C"],
            "MessageDate": [TEN] * 3,
            "RelatedToId": ["006000000000001AAA", None, None],
            "ParentId": [None, "500000000000001AAA", None],
        }
    )
    reads = extra_reads(MAPPINGS["email"], rows)
    assert [(read.sobject, read.by, read.ids.to_list()) for read in reads] == [
        ("Opportunity", "Id", ["006000000000001AAA"]),
        ("Case", "Id", ["500000000000001AAA"]),
    ]
    extras = {
        "Opportunity": pl.DataFrame({"Id": ["006000000000001AAA"], "AccountId": ["0011"]}),
        "Case": pl.DataFrame({"Id": ["500000000000001AAA"], "AccountId": ["0012"]}),
    }
    done = imported("email", rows, extras=extras)
    assert done.here.select("id", "account_id").rows() == [("02s1", "a1"), ("02s2", "a2")]
    assert done.skips.select("id", "rule", "reason").rows() == [
        ("02s3", "account (SKA-19)", "it belongs to no account")
    ]


def test_SKA_32_an_email_without_anything_it_is_about_belongs_to_its_contacts_account():
    row = {"Subject": "Hi", "MessageDate": TEN, "RelatedToId": None, "Incoming": True,
           "FromAddress": "ada@acme.example", "ToAddress": "cs@us.example"}  # fmt: skip
    rows = pl.DataFrame([{"id": "02s1", **row}], schema_overrides={"RelatedToId": pl.String})
    assert told(imported("email", rows), "contact_id", "account_id") == ("c1", "a1")


def test_SKA_32_notes_of_both_forms():
    row = {"Title": "Visit", "Body": "<b>bold</b>", "OwnerId": "0051", "ParentId": "0011", "CreatedDate": TEN}
    columns = ("kind", "at", "subject", "body", "owner", "account_id")
    expected = ("note", TEN, "Visit", "<b>bold</b>", "Cara", "a1")
    assert told(imported("note", row, mapping("note", name="Title")), *columns) == expected
    content = mapping("note", sobject="ContentNote", name="Title")
    rows = pl.DataFrame({"id": ["0691"], "Title": ["Review"], "TextPreview": ["Goals"], "CreatedDate": [TEN]})
    (read,) = extra_reads(content, rows)
    assert (read.sobject, read.by, read.ids.to_list()) == ("ContentDocumentLink", "ContentDocumentId", ["0691"])
    shares = pl.DataFrame({"ContentDocumentId": ["0691"] * 2, "LinkedEntityId": ["0051", "0012"]})
    done = imported("note", rows, content, extras={"ContentDocumentLink": shares})
    assert told(done, "kind", "subject", "body", "account_id") == ("note", "Review", "Goals", "a2")


def test_SKA_32_owners_are_read_by_name_be_they_users_or_queues():
    rows = pl.DataFrame({"id": ["00T1", "00T2"], "OwnerId": ["005000000000001AAA", "00G000000000001AAA"]})
    reads = [(read.sobject, read.fields, read.ids.to_list()) for read in extra_reads(MAPPINGS["call"], rows)]
    assert reads == [
        ("User", ("Id", "Name"), ["005000000000001AAA"]),
        ("Group", ("Id", "Name"), ["00G000000000001AAA"]),
    ]


def test_SKA_32_a_mapped_field_goes_before_the_standard_one():
    using = mapping("meeting", fields=[{"here": "subject", "there": "Location", "direction": "input"}])
    assert told(imported("meeting", {"Subject": "A", "Location": "Room 1"}, using), "subject") == ("Room 1",)


# -- copies ------------------------------------------------------------------------------------------------------------


def rows(*given, kind="meeting"):
    shape = {"account_id": "a1", "subject": "Kick-off", "at": TEN, "minutes": 30.0, "all_day": False, "kind": kind}
    return pl.DataFrame([{"origin": "salesforce", **shape, **each} for each in given])


def copies(frames, mappings=MAPPINGS):
    return dict(interactions(frames, mappings).rows.select("id", "duplicate_of").drop_nulls().iter_rows())


def test_SKA_34_a_meeting_that_a_calendar_and_salesforce_both_bring_is_marked_not_deleted():
    frames = {
        "meeting": rows(
            {"id": "00U1"},
            {"id": "cal-1", "origin": "calendar", "subject": " Invitation: KICK-OFF ", "at": TEN.replace(second=20)},
            {"id": "cal-2", "origin": "calendar", "at": TEN.replace(hour=11)},
            {"id": "cal-3", "origin": "calendar", "account_id": "a2"},
            {"id": "cal-4", "origin": "calendar", "minutes": 60.0},
        )
    }
    done = interactions(frames, MAPPINGS)
    assert done.rows.height == 5
    assert copies(frames) == {"cal-1": "00U1"}
    assert done.skips.select("object", "side", "id", "rule", "reason").rows() == [
        ("meeting", "here", "cal-1", "duplicate (SKA-34)",
         "the same meeting as 00U1 (salesforce): the same account, subject and time; that one counts")
    ]  # fmt: skip
    assert done.skips["rule"].item() not in RULES  # an import of one object does not take this back


def test_SKA_34_invitations_of_several_attendees_are_one_meeting():
    assert copies({"meeting": rows({"id": "00U2"}, {"id": "00U1"}, {"id": "00U3"})}) == {"00U2": "00U1", "00U3": "00U1"}


def test_SKA_34_an_all_day_meeting_is_the_same_at_whatever_midnight_it_starts():
    day = {"all_day": True}
    frames = {
        "meeting": rows(
            {"id": "1", "at": datetime(2026, 11, 1, tzinfo=UTC), **day},
            {"id": "2", "at": datetime(2026, 10, 31, 23, tzinfo=UTC), "origin": "calendar", "minutes": None, **day},
            {"id": "3", "at": datetime(2026, 11, 1, 8, tzinfo=UTC), "origin": "calendar", **day},
            {"id": "4", "at": datetime(2026, 11, 2, tzinfo=UTC), "origin": "calendar", **day},
        )
    }
    assert copies(frames) == {"2": "1", "3": "1"}


def test_SKA_34_two_calls_of_a_day_are_two_calls():
    day = {"at": datetime(2026, 11, 1, tzinfo=UTC), "all_day": True, "subject": "Call", "minutes": None}
    twice = rows({"id": "1", **day}, {"id": "2", **day}, kind="call")
    assert copies({"call": twice}) == {}
    by_hand = rows({"id": "1", **day}, {"id": "2", "origin": "manual", **day}, kind="call")
    assert copies({"call": by_hand}) == {"2": "1"}


def test_SKA_34_the_task_beside_an_email_is_the_same_email():
    mail = rows({"id": "02s1", "there_id": "02s1", "task_there_id": "00T1", "subject": "Re: terms"}, kind="email")
    task = rows({"id": "00T1", "there_id": "00T1", "subject": "Email: Re: terms", "all_day": True}, kind="email")
    task_mapping = mapping("a_task", role="interaction", kind="email")
    mappings = {"a_task": task_mapping, "email": MAPPINGS["email"]}
    assert copies({"a_task": task, "email": mail}, mappings) == {"00T1": "02s1"}


def test_SKA_34_too_little_known_is_no_reason_to_call_it_a_copy():
    unknown = rows({"id": "1", "account_id": None}, {"id": "2", "account_id": None}, {"id": "3", "at": None},
                   {"id": "4", "subject": " "})  # fmt: skip
    done = interactions({"meeting": unknown}, MAPPINGS).rows
    assert done["fingerprint"].to_list() == [None] * 4
    assert done["duplicate_of"].null_count() == 4


def test_SKA_34_copies_are_the_same_in_any_order_and_the_import_keeps_the_fingerprint():
    given = rows({"id": "2", "origin": "manual"}, {"id": "1", "origin": "calendar"}, {"id": "3"})
    assert copies({"meeting": given}) == copies({"meeting": given.reverse()}) == {"1": "3", "2": "3"}
    done = imported("meeting", {"Subject": "Kick-off", "StartDateTime": TEN, "DurationInMinutes": 30})
    assert done.here["fingerprint"].item() == interactions({"meeting": given}, MAPPINGS).rows["fingerprint"][0]


def test_archived_interactions_are_in_no_list_and_no_interactions_are_no_fault():
    archived = rows({"id": "1"}).with_columns(archived_on=pl.lit(NOW.date()))
    assert interactions({"meeting": archived}, MAPPINGS).rows.is_empty()
    assert interactions({}, {}).rows.is_empty()


# -- the loop guard ----------------------------------------------------------------------------------------------------


def test_SKA_33_only_what_was_entered_by_hand_goes_to_salesforce():
    here = rows(
        {"id": "1", "origin": "manual"}, {"id": "2"}, {"id": "3", "origin": "calendar"}, {"id": "4", "origin": None}
    ).with_columns(subject=pl.Series(["a", "b", "c", "d"]))
    assert may_go_out(here).rows() == [
        ("1", True, None),
        ("2", False, "it came from salesforce; only what was entered by hand goes out (SKA-33)"),
        ("3", False, "it came from calendar; only what was entered by hand goes out (SKA-33)"),
        ("4", False, "its origin is not known; only what was entered by hand goes out (SKA-33)"),
    ]
    assert not may_go_out(here.drop("origin"))["goes"].any()


def test_SKA_33_what_is_in_salesforce_already_is_not_sent_a_second_time():
    here = with_copies(rows({"id": "mine", "origin": "manual"}, {"id": "00U1"}), MAPPINGS["meeting"])
    assert may_go_out(here).row(1) == ("mine", False, "it is a copy of 00U1 (SKA-34)")


def test_SKA_34_a_copy_that_is_one_no_more_is_marked_no_more():
    here = with_copies(rows({"id": "mine", "origin": "manual"}, {"id": "00U1"}), MAPPINGS["meeting"])
    moved = here.with_columns(minutes=pl.when(pl.col("id") == "mine").then(15.0).otherwise("minutes"))
    assert with_copies(moved, MAPPINGS["meeting"])["duplicate_of"].to_list() == [None, None]


def test_SKA_33_what_came_in_by_an_import_never_goes_back():
    done = imported("meeting", {"Subject": "Kick-off", "StartDateTime": TEN, "DurationInMinutes": 30})
    assert may_go_out(done.here)["goes"].to_list() == [False]
