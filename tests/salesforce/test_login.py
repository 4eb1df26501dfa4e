"""Logging in: every way that works, and every way that does not says what to do."""

import copy
import logging
import pickle
import pprint
import socket

import pytest

from toolkit.errors import InputError, LoginError, SessionError, UnavailableError
from toolkit.salesforce import Credentials


def test_client_credentials_log_in_and_say_who_we_are(connected, demo):
    org = connected()
    assert org.url == demo.url
    assert (org.org_id, org.user_id) == (demo.org_id, demo.user_id)
    assert org.username == "integration@demo.example"
    assert org.organization.name
    assert org.organization.is_sandbox
    assert org.api_version == "66.0"


def test_a_refresh_token_logs_in(connected, demo):
    org = connected(login="refresh_token", credentials=Credentials(demo.client_id, refresh_token=demo.refresh_token))
    assert org.user_id == demo.user_id


def test_a_token_that_is_handed_over_logs_in(connected, demo):
    token = connected()._wire.session_id
    org = connected(login="token", credentials=Credentials(access_token=token, instance_url=demo.url))
    assert (org.org_id, org.user_id) == (demo.org_id, demo.user_id)


@pytest.mark.parametrize(
    ("login", "wrong", "code", "hint"),
    [
        ("client_credentials", {"client_id": "nobody"}, "invalid_client_id", "consumer key"),
        ("client_credentials", {"client_secret": "wrong-secret"}, "invalid_client", "consumer secret"),
        ("refresh_token", {"refresh_token": "5Aep-gone"}, "invalid_grant", "authorise the app again"),
    ],
)
def test_wrong_credentials_are_refused_with_what_to_do(connected, demo, login, wrong, code, hint):
    right = {"client_id": demo.client_id, "client_secret": demo.client_secret, "refresh_token": demo.refresh_token}
    with pytest.raises(LoginError) as raised:
        connected(login=login, credentials=Credentials(**{**right, **wrong}))
    assert raised.value.code == code
    assert raised.value.status == 400
    assert hint in raised.value.hint


@pytest.mark.parametrize(
    ("login", "given", "named"),
    [
        ("client_credentials", {"client_id": "x"}, "CS_TOOLKIT_CLIENT_SECRET"),
        ("client_credentials", {}, "CS_TOOLKIT_CLIENT_ID, CS_TOOLKIT_CLIENT_SECRET"),
        ("refresh_token", {"client_id": "x", "refresh_token": "  "}, "CS_TOOLKIT_REFRESH_TOKEN"),
        ("token", {}, "CS_TOOLKIT_ACCESS_TOKEN"),
    ],
)
def test_missing_credentials_are_named_before_anything_is_sent(connected, demo, login, given, named):
    with pytest.raises(LoginError) as raised:
        connected(login=login, credentials=Credentials(**given))
    assert named in raised.value.hint
    assert not demo.requests


def test_an_unknown_login_is_refused(connected):
    with pytest.raises(InputError, match="password"):
        connected(login="password")


def test_a_token_that_is_none_is_refused(connected, demo):
    with pytest.raises(LoginError, match="blanks"):
        connected(login="token", credentials=Credentials(access_token="Bearer 00Dx!y", instance_url=demo.url))
    with pytest.raises(SessionError):
        connected(login="token", credentials=Credentials(access_token="00Dx!nothing", instance_url=demo.url))


def test_an_unknown_host_is_named(connected):
    with pytest.raises(UnavailableError, match=r"there is no host nowhere\.invalid") as raised:
        connected(login_url="https://nowhere.invalid")
    assert raised.value.code == "UNKNOWN_HOST"


def test_a_port_where_nothing_answers_is_named(connected, naps):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnavailableError, match=f"nothing answers at 127.0.0.1:{port}") as raised:
        connected(login_url=f"https://127.0.0.1:{port}")
    assert raised.value.code == "UNREACHABLE"
    assert len(naps.taken) == 2


def test_plain_http_is_refused(connected):
    with pytest.raises(InputError) as raised:
        connected(login_url="http://company.my.salesforce.com")
    assert "https://company.my.salesforce.com" in raised.value.hint


@pytest.mark.parametrize("url", ["", "company.my.salesforce.com", "https://", "https://h/path", "ftp://h"])
def test_an_address_that_is_none_is_refused(connected, url):
    with pytest.raises(InputError, match="login_url"):
        connected(login_url=url)


def test_an_address_with_a_password_in_it_does_not_show_it(connected):
    with pytest.raises(InputError) as raised:
        connected(login_url="https://me:hunter22@company.my.salesforce.com")
    assert "hunter22" not in str(raised.value)


def test_a_host_that_is_no_salesforce_is_refused(connected, demo):
    demo.faults.inject("status", match="oauth2/token", status=404, body="<html><h1>Shop</h1> not found</html>")
    with pytest.raises(LoginError, match="Shop not found") as raised:
        connected()
    assert "login_url" in raised.value.hint


def test_a_busy_login_is_tried_again(connected, demo, naps):
    demo.faults.inject("status", match="oauth2/token", status=503, body=False, times=2)
    assert connected().user_id == demo.user_id
    assert len(naps.taken) == 2


def test_an_api_version_that_is_not_served_is_refused(connected):
    with pytest.raises(InputError, match=r"99\.0") as raised:
        connected(api_version="99.0")
    assert "api_version" in raised.value.hint


def test_a_certificate_that_nobody_vouches_for_is_refused(connected):
    with pytest.raises(UnavailableError) as raised:
        connected(ca_file=None)
    assert raised.value.code == "CERTIFICATE"
    assert "ca_file" in raised.value.hint


def test_a_ca_file_that_is_not_there_is_named(connected, tmp_path):
    with pytest.raises(InputError, match=r"nothing\.pem"):
        connected(ca_file=tmp_path / "nothing.pem")


def test_the_ca_file_counts_whatever_the_environment_says(connected, demo, monkeypatch, tmp_path):
    (tmp_path / "other.pem").write_bytes(b"")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    assert connected().user_id == demo.user_id


def test_a_netrc_entry_does_not_replace_the_session(connected, demo, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert connected().username == "integration@demo.example"


def test_credentials_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SHOP_CLIENT_ID", " id ")
    monkeypatch.setenv("SHOP_CLIENT_SECRET", "")
    found = Credentials.from_environment("SHOP_")
    assert found.client_id == "id"
    assert found.client_secret is None


def test_credentials_never_show_a_secret():
    secrets = {"client_secret": "s3cret-one", "refresh_token": "s3cret-two", "access_token": "s3cret-three"}
    credentials = Credentials("the-id", **secrets)
    texts = [
        repr(credentials),
        str(credentials),
        f"{credentials}",
        f"{credentials:>99}",
        "%s %r" % ((credentials,) * 2),
    ]
    texts += [pprint.pformat(credentials), repr([credentials]), logging.Formatter().format(_record(credentials))]
    assert not [text for text in texts if "s3cret" in text or "the-id" in text]
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            write(credentials)


def _record(value):
    return logging.LogRecord("x", logging.INFO, "file", 1, "with %s", (value,), None)
