"""The operations of the partner and enterprise SOAP APIs that have no counterpart in REST, and logging in."""

from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import soap
from toolkit.demo_org.web.bulk_common import stamp
from toolkit.demo_org.web.soap import SoapCall, SoapFault, element, elements
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.xml_form import child_text

LAST_WITH_LOGIN = 64
"""From the next version on login() does not exist."""


def answer(org: OrgState, call: Call, api: str, version: str) -> Answer:
    """Answer a call of the partner (``u``) or enterprise (``c``) API."""
    return soap.answer(org, call, api, version, OPERATIONS)


def login(call: SoapCall) -> str:
    """A session for a username and password; the password ends with the user's security token, or stands alone."""
    if call.version > LAST_WITH_LOGIN:
        text = (
            f"The SOAP Login operation is not available in the API version specified ({call.version:.1f}). "
            "Refer to the documentation for supported versions."
        )
        raise SoapFault("INVALID_OPERATION", text)
    username = child_text(call.operation, "username") or ""
    user_id = call.org.people.check_password(username, child_text(call.operation, "password") or "")
    if user_id is None:
        text = "Invalid username, password, security token; or user locked out."
        raise SoapFault("INVALID_LOGIN", text, "LoginFault")
    session = call.org.sessions.open(user_id)
    org15 = call.org.org_id[:15]
    root = f"{call.org.url}/services/Soap"
    return _result(
        elements(
            metadataServerUrl=f"{root}/m/{call.version:.1f}/{org15}",
            passwordExpired=False,
            sandbox=False,
            serverUrl=f"{root}/{call.api}/{call.version:.1f}/{org15}",
            sessionId=session.token,
            userId=user_id,
        )
        + f"<userInfo>{_user_info(call.org, user_id)}</userInfo>"
    )


def logout(call: SoapCall) -> str:
    """End the session of the header."""
    call.org.sessions.end(call.session.token)
    return ""


def get_user_info(call: SoapCall) -> str:
    """Who the session of the header belongs to."""
    return _result(_user_info(call.org, call.session.user_id))


def get_server_timestamp(call: SoapCall) -> str:
    """The org's time."""
    user_id = call.session.user_id
    return _result(element("timestamp", stamp(call.org.clock.now()))) if user_id else ""


def _result(inner: str) -> str:
    return f"<result>{inner}</result>"


def _user_info(org: OrgState, user_id: str) -> str:
    user = org.people.user(user_id)
    return elements(
        accessibilityMode=False,
        currencySymbol="$",
        orgAttachmentFileSizeLimit=26_214_400,
        orgDefaultCurrencyIsoCode="USD",
        orgHasPersonAccounts=_has_person_accounts(org),
        organizationId=org.org_id,
        organizationMultiCurrency=False,
        organizationName=org.look("SELECT Name FROM Organization")[0]["Name"],
        profileId=user["ProfileId"],
        roleId=None,
        sessionSecondsValid=int(org.sessions.lifetime),
        userDefaultCurrencyIsoCode=None,
        userEmail=user["Email"],
        userFullName=user["Name"],
        userId=user_id,
        userLanguage=user["LanguageLocaleKey"],
        userLocale=user["LocaleSidKey"],
        userName=user["Username"],
        userTimeZone=user["TimeZoneSidKey"],
        userType="Standard",
        userUiSkin="Theme3",
    )


def _has_person_accounts(org: OrgState) -> bool:
    account = org.schema.get("Account")
    return account is not None and account.field("IsPersonAccount") is not None


OPERATIONS = {
    "login": login,
    "logout": logout,
    "getUserInfo": get_user_info,
    "getServerTimestamp": get_server_timestamp,
}
