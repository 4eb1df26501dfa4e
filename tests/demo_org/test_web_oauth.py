"""The OAuth flows, each from the first request to a call with the session it gives, and each way they can end."""

import base64
import hashlib
import json
import re
import time
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

REDIRECT = "http://localhost:1717/OauthRedirect"
USER = "integration@demo.example"
KEY = generate_private_key(65_537, 2_048)
OTHER_KEY = generate_private_key(65_537, 2_048)
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture(autouse=True)
def apps_as_shipped(web_org):
    web_org.change_app(
        "cs-toolkit-demo",
        keys=[PUBLIC],
        approval="admin",
        approved=["*"],
        run_as=USER,
        pkce_required=False,
        secret_required=True,
        rotates_refresh_tokens=False,
    )
    web_org.allow_password_flow(False)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def assertion(org, key=KEY, alg: str = "RS256", **claims: object) -> str:
    body = {"iss": org.client_id, "sub": USER, "aud": org.url, "exp": int(time.time()) + 180} | claims
    signed = f"{b64(json.dumps({'alg': alg}).encode())}.{b64(json.dumps(body).encode())}"
    return f"{signed}.{b64(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def jwt_login(api, given: str):
    return api.token({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": given})


def ask(api, **more: str):
    params = {"response_type": "code", "client_id": api.org.client_id, "redirect_uri": REDIRECT, "state": "s&1", **more}
    return api.get("/services/oauth2/authorize", params=params, allow_redirects=False)


def answer(api, page, choice: str = "allow", username: str = USER, password: str | None = None):
    fields = {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    }
    form = fields | {"username": username, "password": password or api.org.password, "answer": choice}
    return api.call("POST", "/services/oauth2/authorize", data=form, allow_redirects=False)


def sent_back(response) -> dict[str, str]:
    assert response.status_code == 302
    assert response.headers["Location"].startswith(REDIRECT + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def exchange(api, code: str, **more: str):
    client = {"client_id": api.org.client_id, "client_secret": api.org.client_secret}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **client}
    return api.token({name: value for name, value in {**form, **more}.items() if value})


def refused(response) -> tuple[str, str]:
    assert response.status_code == 400
    return response.json()["error"], response.json()["error_description"]


def test_the_web_server_flow_goes_over_the_consent_page_and_checks_pkce(api):
    verifier = b64(b"v" * 40)
    challenge = b64(hashlib.sha256(verifier.encode()).digest())
    page = ask(api, scope="api refresh_token openid", code_challenge=challenge, code_challenge_method="S256")
    assert page.status_code == 200
    assert "Customer Success Toolkit" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    back = sent_back(answer(api, page))
    assert back["state"] == "s&1"
    body = exchange(api, back["code"], code_verifier=verifier).json()
    assert list(body)[:2] == ["access_token", "refresh_token"]
    assert api.get("/limits", headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200
    again = api.token(
        {"grant_type": "refresh_token", "refresh_token": body["refresh_token"], "client_id": api.org.client_id}
    )
    assert again.status_code == 200
    assert refused(exchange(api, back["code"])) == ("invalid_grant", "expired authorization code")


def test_an_id_token_is_signed_with_a_key_that_the_org_shows(api):
    code = sent_back(answer(api, ask(api, scope="api openid", nonce="n1")))["code"]
    signed, _, signature = exchange(api, code).json()["id_token"].rpartition(".")
    configuration = api.get(f"{api.org.url}/.well-known/openid-configuration").json()
    key = api.get(configuration["jwks_uri"]).json()["keys"][0]
    numbers = {name: int.from_bytes(base64.urlsafe_b64decode(key[name] + "=="), "big") for name in "ne"}
    public = RSAPublicNumbers(numbers["e"], numbers["n"]).public_key()
    public.verify(base64.urlsafe_b64decode(signature + "=="), signed.encode(), PKCS1v15(), SHA256())
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (api.org.url, api.org.client_id, "n1")


def test_a_wrong_verifier_or_redirect_or_secret_ends_the_exchange(api):
    challenge = b64(hashlib.sha256(b"right").digest())
    codes = [sent_back(answer(api, ask(api, code_challenge=challenge)))["code"] for _ in range(4)]
    assert refused(exchange(api, codes[0], code_verifier="wrong")) == ("invalid_grant", "invalid code verifier")
    assert refused(exchange(api, codes[1])) == ("invalid_grant", "invalid code verifier")
    mismatch = refused(exchange(api, codes[2], redirect_uri="http://localhost:1/", code_verifier="right"))
    assert mismatch == ("redirect_uri_mismatch", "redirect_uri must match configuration")
    assert refused(exchange(api, codes[3], client_secret="")) == ("invalid_client", "invalid client credentials")
    assert exchange(api, codes[3], client_secret="", code_verifier="right").status_code == 200


def test_whatever_is_asked_is_shown_as_text(api):
    page = ask(api, login_hint='"><script>alert(1)</script>', state="<b>")
    assert "<script" not in page.text
    assert "<b>" not in page.text


def test_saying_no_or_a_wrong_password_gives_no_code(api):
    page = ask(api)
    denied = sent_back(answer(api, page, "deny"))
    assert denied == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "s&1",
    }
    again = answer(api, page, password="wrong")
    assert again.status_code == 200
    assert "Please check your username and password." in again.text


def test_an_answer_from_another_page_is_refused(api):
    page = ask(api)
    forged = re.sub(r'name="seal" value="\w+"', 'name="seal" value="0"', page.text)
    page._content = forged.encode()
    assert answer(api, page).status_code == 400


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"client_id": "x"}, "error=invalid_client_id&amp;error_description=client identifier invalid"),
        ({"redirect_uri": "https://evil.example/"}, "error=redirect_uri_mismatch"),
    ],
)
def test_an_unknown_app_or_address_is_never_redirected_to(api, asked, text):
    page = ask(api, **asked)
    assert page.status_code == 400
    assert text in page.text


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "api chatter_api"}, "invalid_scope"),
        ({"code_challenge": "x", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_request_that_cannot_be_is_sent_back_with_its_error(api, asked, error):
    assert sent_back(ask(api, **asked))["error"] == error


def test_an_app_may_require_pkce(api, web_org):
    web_org.change_app("cs-toolkit-demo", pkce_required=True)
    assert sent_back(ask(api))["error_description"] == "missing required code challenge"


def test_a_rotated_refresh_token_works_once(api, web_org):
    web_org.change_app("cs-toolkit-demo", rotates_refresh_tokens=True)
    code = sent_back(answer(api, ask(api, scope="api offline_access")))["code"]
    first = exchange(api, code).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": web_org.client_id}
    second = api.token({**form, "refresh_token": first}).json()["refresh_token"]
    assert second != first
    assert refused(api.token({**form, "refresh_token": first}))[1] == "expired access/refresh token"
    assert api.token({**form, "refresh_token": second}).status_code == 200


def test_full_scope_brings_no_refresh_token(api):
    code = sent_back(answer(api, ask(api, scope="full")))["code"]
    assert "refresh_token" not in exchange(api, code).json()


@pytest.mark.parametrize("exp", [int, str])
def test_a_signed_assertion_logs_in_and_its_time_may_be_text(api, web_org, exp):
    body = jwt_login(api, assertion(web_org, exp=exp(int(time.time()) + 180))).json()
    assert "refresh_token" not in body
    assert api.get("/limits", headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200


def test_an_assertion_may_end_far_ahead_as_it_does_when_sent_in_milliseconds(api, web_org):
    assert jwt_login(api, assertion(web_org, exp=int(time.time() * 1000) + 300)).status_code == 200


@pytest.mark.parametrize("aud", ["https://login.salesforce.com", "https://test.salesforce.com", ["x", "ORG"]])
def test_an_assertion_may_be_for_any_of_the_orgs_names(api, web_org, aud):
    named = [each.replace("ORG", web_org.url) for each in aud] if isinstance(aud, list) else aud
    assert jwt_login(api, assertion(web_org, aud=named)).status_code == 200


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"iss": "nobody"}, ("invalid_client_id", "client identifier invalid")),
        ({"key": OTHER_KEY}, ("invalid_grant", "invalid assertion")),
        ({"alg": "none"}, ("invalid_grant", "invalid assertion")),
        ({"aud": "https://evil.example"}, ("invalid_grant", "invalid assertion")),
        ({"exp": 1}, ("invalid_grant", "invalid assertion")),
        ({"exp": "soon"}, ("invalid_grant", "invalid assertion")),
        ({"sub": "nobody@demo.example"}, ("invalid_grant", "user hasn't approved this consumer")),
    ],
)
def test_an_assertion_that_does_not_hold_is_refused(api, web_org, claims, error):
    assert refused(jwt_login(api, assertion(web_org, **claims))) == error


@pytest.mark.parametrize("given", ["x", "a.b.c", "..", "é.é.é"])
def test_what_is_no_assertion_is_refused(api, given):
    assert refused(jwt_login(api, given)) == ("invalid_grant", "invalid assertion")


def test_who_may_use_an_app_is_the_administrators_to_say(api, web_org):
    web_org.change_app("cs-toolkit-demo", approved=[])
    assert refused(jwt_login(api, assertion(web_org))) == (
        "invalid_app_access",
        "user is not admin approved to access this app",
    )
    web_org.change_app("cs-toolkit-demo", approval="self", client_secret=web_org.client_secret)
    web_org.change_app("self-app", client_secret="s", label="Self", keys=[PUBLIC])
    unapproved = refused(jwt_login(api, assertion(web_org, iss="self-app")))
    assert unapproved == ("invalid_grant", "user hasn't approved this consumer")
    code = sent_back(answer(api, ask(api, client_id="self-app", scope="api refresh_token")))["code"]
    assert exchange(api, code, client_id="self-app", client_secret="s").status_code == 200
    assert jwt_login(api, assertion(web_org, iss="self-app")).status_code == 200


def test_client_credentials_needs_a_user_to_run_as_and_the_orgs_own_address(api, web_org):
    form = {"grant_type": "client_credentials", "client_id": web_org.client_id, "client_secret": web_org.client_secret}
    there = refused(api.token(form, headers={"Host": "login.salesforce.com"}))
    assert there == ("invalid_grant", "request not supported on this domain")
    web_org.change_app("cs-toolkit-demo", run_as=None)
    assert refused(api.token(form)) == ("invalid_grant", "no client credentials user enabled")


def test_the_password_flow_is_off_at_first_and_never_for_external_client_apps(api, web_org):
    form = {"grant_type": "password", "client_secret": web_org.client_secret, "username": USER}
    classic = {**form, "client_id": "cs-toolkit-classic", "password": web_org.password}
    failed = ("invalid_grant", "authentication failure")
    assert refused(api.token(classic)) == failed
    web_org.allow_password_flow()
    assert api.token(classic).status_code == 200
    assert api.token({**classic, "password": web_org.password + web_org.security_token}).status_code == 200
    assert refused(api.token({**classic, "password": "wrong"})) == failed
    assert refused(api.token({**classic, "client_id": web_org.client_id})) == failed


def test_a_device_logs_in_when_its_user_has_typed_the_code(api, web_org):
    client = {"client_id": web_org.client_id, "client_secret": web_org.client_secret}
    begun = api.token({"response_type": "device_code", "scope": "api", **client}).json()
    assert begun["interval"] == 5
    poll = {"grant_type": "device", "code": begun["device_code"], **client}
    assert refused(api.token(poll))[0] == "authorization_pending"
    assert refused(api.token(poll))[0] == "slow_down"
    form = {"username": USER, "password": web_org.password, "answer": "allow"}
    typed = api.call("POST", begun["verification_uri"], data={**form, "user_code": begun["user_code"]})
    assert "connected" in typed.text
    assert api.token(poll).status_code == 200
    assert refused(api.token(poll)) == ("invalid_grant", "invalid device code")


def test_salesforces_command_line_logs_in_without_a_secret(api):
    page = ask(api, client_id="PlatformCLI", scope="refresh_token api web")
    code = sent_back(answer(api, page))["code"]
    body = exchange(api, code, client_id="PlatformCLI", client_secret="").json()
    form = {"grant_type": "refresh_token", "client_id": "PlatformCLI", "refresh_token": body["refresh_token"]}
    assert api.token(form).status_code == 200
    by_itself = api.token({"grant_type": "client_credentials", "client_id": "PlatformCLI"})
    assert refused(by_itself) == ("invalid_grant", "no client credentials user enabled")


def test_introspection_tells_what_a_token_is_good_for(api, web_org):
    def introspect(token: str):
        form = {"token": token, "client_id": web_org.client_id, "client_secret": web_org.client_secret}
        return api.call("POST", "/services/oauth2/introspect", data=form).json()

    told = introspect(api.access_token)
    assert (told["active"], told["username"], told["token_type"]) == (True, USER, "access_token")
    assert told["exp"] - told["iat"] >= 7_200
    assert introspect(web_org.refresh_token)["token_type"] == "refresh_token"
    assert introspect("00Dxx!nothing") == {"active": False}


def test_revoking_a_refresh_token_ends_the_sessions_of_its_app(api, web_org):
    web_org.change_app("revoked-app", client_secret="s", label="Revoked")
    code = sent_back(answer(api, ask(api, client_id="revoked-app", scope="api refresh_token")))["code"]
    body = exchange(api, code, client_id="revoked-app", client_secret="s").json()
    revoked = api.call("POST", "/services/oauth2/revoke", data={"token": body["refresh_token"]})
    assert revoked.status_code == 200
    assert api.get("/limits", headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 401
    assert api.get("/limits").status_code == 200
    assert refused(api.call("POST", "/services/oauth2/revoke", data={"token": "x"}))[0] == "invalid_token"


def test_sessions_end_by_the_orgs_clock(api, web_org):
    web_org.pass_time(7_000)
    assert api.get("/limits").status_code == 200
    web_org.pass_time(7_000)
    assert api.get("/limits").status_code == 200
    web_org.pass_time(7_201)
    assert api.get("/limits").json()[0]["errorCode"] == "INVALID_SESSION_ID"


def test_the_identity_may_be_asked_for_with_the_token_in_the_address_as_json_or_xml(api, web_org):
    url = f"{web_org.url}/id/{web_org.org_id}/{web_org.user_id}"
    query = {"format": "json", "oauth_token": api.access_token}
    identity = api.get(url, params=query, headers={"Authorization": None}).json()
    assert identity["urls"]["partner"] == f"{web_org.url}/services/Soap/u/{{version}}/{web_org.org_id[:15]}"
    told = api.get(url, params={"format": "xml"})
    assert told.headers["Content-Type"].startswith("application/xml")
    assert f"<username>{USER}</username>" in told.text
    assert api.get(url, headers={"Authorization": None}).text == "Missing_OAuth_Token"
