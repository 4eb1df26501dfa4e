import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from toolkit.demo_org.database import CHANGE_LOG, Database
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.objects import standard_schema
from toolkit.demo_org.schema import Field

ID = make_id("001", 1)


@pytest.fixture
def database():
    with Database(None, standard_schema()) as opened:
        yield opened


def insert(database, record_id=ID, name="Acme"):
    with database.writing() as connection:
        connection.execute("INSERT INTO Account (Id, Name) VALUES (?, ?)", (record_id, name))


def insert_and_fail(database, record_id=ID):
    with database.writing():
        insert(database, record_id, "Lost")
        raise LookupError


def names(database):
    with database.reading() as connection:
        return [row[0] for row in connection.execute("SELECT Name FROM Account ORDER BY Id")]


def test_every_object_has_a_table_with_a_column_for_each_stored_field(database):
    for sobject in standard_schema():
        columns = [row[1] for row in database.connection.execute(f'PRAGMA table_info("{sobject.name}")')]
        assert columns == [field.name for field in sobject.fields if field.stored]


def test_text_compares_without_case_and_ids_with(database):
    insert(database)
    with database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM Account WHERE Name = 'ACME'").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM Account WHERE Id = ?", (ID.lower(),)).fetchone() == (0,)


def test_what_fails_inside_writing_leaves_no_trace(database):
    with pytest.raises(LookupError):
        insert_and_fail(database)
    assert names(database) == []


def test_writing_inside_writing_can_fail_alone(database):
    with database.writing():
        insert(database)
        with pytest.raises(LookupError):
            insert_and_fail(database, make_id("001", 2))
    assert names(database) == ["Acme"]


def test_readers_see_only_what_is_committed_and_cannot_write(database):
    with database.writing() as connection:
        connection.execute("INSERT INTO Account (Id, Name) VALUES (?, 'Acme')", (ID,))
        assert names(database) == ["Acme"], "the writer sees what it wrote"
        with ThreadPoolExecutor(1) as others:
            assert others.submit(names, database).result() == []
    assert names(database) == ["Acme"]
    with database.reading() as connection, pytest.raises(Exception, match="readonly"):
        connection.execute("DELETE FROM Account")


def test_many_threads_read_while_one_writes(database):
    seen = []

    def read():
        for _ in range(30):
            seen.append(len(names(database)))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(1, 60):
        insert(database, make_id("001", number))
    for reader in readers:
        reader.join()
    assert len(seen) == 120
    assert len(names(database)) == 59


def test_a_file_keeps_records_facts_and_numbers(tmp_path):
    path = tmp_path / "org.sqlite"
    account = standard_schema().get("Account")
    with Database(path, standard_schema()) as database:
        assert list(database.next_numbers(account, 3)) == [1, 2, 3]
        insert(database, make_id("001", 3))
        database.keep_fact("seed", "7")
    with Database(path, standard_schema()) as database:
        assert database.fact("seed") == "7"
        assert database.fact("nothing") is None
        assert list(database.next_numbers(account, 2)) == [4, 5]


def test_a_new_field_becomes_a_column_of_a_table_that_is_there(tmp_path):
    path = tmp_path / "org.sqlite"
    with Database(path, standard_schema()) as database:
        insert(database)
    schema = standard_schema()
    account = schema.get("Account")
    schema.replace(account.with_fields(Field("New__c", "New", length=10), Field("Flag__c", "Flag", "boolean")))
    with Database(path, schema) as database:
        assert database.connection.execute("SELECT New__c, Flag__c FROM Account").fetchall() == [(None, 0)]


def test_a_field_that_is_gone_leaves_its_column_unharmed(database):
    schema = standard_schema()
    account = schema.get("Account")
    schema.replace(replace(account, fields=account.fields[:-1]))
    insert(database)
    database.prepare(schema)
    assert names(database) == ["Acme"]


def test_the_change_log_keeps_the_order_of_changes(database):
    with database.writing():
        database.log_changes("Account", "create", [ID], "2026-11-02T08:00:00.000Z", "005")
        database.log_changes("Account", "update", [ID], "2026-11-02T08:00:01.000Z", "005")
    logged = database.connection.execute(f"SELECT record, kind FROM {CHANGE_LOG} ORDER BY number").fetchall()
    assert logged == [(ID, "create"), (ID, "update")]
