"""Every login of a widely used client, unchanged but for an adapter that brings Salesforce's names to this machine."""

from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
import simple_salesforce
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from requests.adapters import HTTPAdapter

USER = "integration@demo.example"


class ToThisMachine(HTTPAdapter):
    """Sends what is meant for a name of Salesforce's to the demo org."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._netloc = urlsplit(url).netloc

    def send(self, request, *args, **more):
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc
        request.url = urlunsplit(parts._replace(netloc=self._netloc))
        return super().send(request, *args, **more)


@pytest.fixture
def session(web_org):
    with requests.Session() as made:
        made.trust_env = False
        made.verify = str(web_org.ca_file)
        for domain in ("login", "test", "acme.my"):
            made.mount(f"https://{domain}.salesforce.com", ToThisMachine(web_org.url))
        yield made


def works(sf, web_org) -> bool:
    assert sf.sf_instance == web_org.url.removeprefix("https://")
    return sf.query("SELECT count() FROM Account")["totalSize"] > 0


def test_by_soap_with_a_security_token(web_org, session):
    sf = simple_salesforce.Salesforce(
        username=USER, password=web_org.password, security_token=web_org.security_token, session=session
    )
    assert works(sf, web_org)


def test_by_soap_within_a_trusted_network(web_org, session):
    sf = simple_salesforce.Salesforce(
        username=USER, password=web_org.password, organizationId=web_org.org_id, session=session
    )
    assert works(sf, web_org)


def test_by_soap_no_more_from_version_65_on(web_org, session):
    with pytest.raises(simple_salesforce.exceptions.SalesforceAuthenticationFailed, match="not available"):
        simple_salesforce.Salesforce(
            username=USER, password=web_org.password, security_token="", session=session, version="65.0"
        )


def test_by_password_of_a_connected_app(web_org, session):
    web_org.allow_password_flow()
    sf = simple_salesforce.Salesforce(
        username=USER,
        password=web_org.password,
        consumer_key="cs-toolkit-classic",
        consumer_secret=web_org.client_secret,
        session=session,
    )
    assert works(sf, web_org)


@pytest.mark.parametrize("domain", ["login", "test"])
def test_by_jwt(web_org, session, domain):
    key = generate_private_key(65_537, 2_048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    web_org.change_app(web_org.client_id, keys=[public])
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    sf = simple_salesforce.Salesforce(
        username=USER, consumer_key=web_org.client_id, privatekey=private, domain=domain, session=session
    )
    assert works(sf, web_org)


def test_by_client_credentials(web_org, session):
    sf = simple_salesforce.Salesforce(
        consumer_key=web_org.client_id, consumer_secret=web_org.client_secret, domain="acme.my", session=session
    )
    assert works(sf, web_org)


def test_a_wrong_login_is_its_own_error(web_org, session):
    with pytest.raises(simple_salesforce.exceptions.SalesforceAuthenticationFailed) as failed:
        simple_salesforce.Salesforce(username=USER, password="x", security_token="y", session=session)
    assert failed.value.code == "INVALID_LOGIN"
