"""A desk to commit at: a demo org on the wire, a store on the disk, and linked records on both sides."""

import time

import pytest

from tests.writeback.desk import Desk
from toolkit.salesforce import Credentials, connect
from toolkit.store import Store


@pytest.fixture
def desk(demo_org, tmp_path):
    credentials = Credentials(client_id=demo_org.client_id, client_secret=demo_org.client_secret)
    org = connect(
        login="client_credentials",
        login_url=demo_org.url,
        credentials=credentials,
        ca_file=demo_org.ca_file,
        sleep=lambda seconds: time.sleep(min(seconds, 0.05)),
    )
    with Store.open(tmp_path / "store") as store:
        yield Desk.laid(demo_org, org, store)
