"""The operations of the partner and enterprise SOAP APIs that have no counterpart in REST, and logging in.

Those that REST has too are in `soap_data`, for the partner API alone.
"""

from xml.etree import ElementTree as ET

from toolkit.demo_org.access import Access
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.records import Outcome, RowRefusal, Saved
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web import soap, soap_data
from toolkit.demo_org.web.bulk_common import stamp
from toolkit.demo_org.web.soap import XSI, SoapCall, SoapFault, element, elements
from toolkit.demo_org.web.soap_data import errors
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.xml_form import child_text, is_nil, local

LAST_WITH_LOGIN = 64
"""From the next version on login() does not exist."""

_OWN = frozenset({"type", "Id", "fieldsToNull"})
_MERGE_REQUESTS = frozenset({"request", "mergeRequests"})
"""The WSDL has the first name; a widely used client sends the second, which is the parameter's in the manual."""


def answer(org: OrgState, call: Call, api: str, version: str) -> Answer:
    """Answer a call of the partner (``u``) or enterprise (``c``) API."""
    more = soap_data.OPERATIONS if api == "u" else {}
    return soap.answer(org, call, api, version, {**OPERATIONS, **more})


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
            passwordExpired=call.org.people.is_expired(user_id),
            sandbox=call.org.look("SELECT IsSandbox FROM Organization")[0]["IsSandbox"],
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


def merge(call: SoapCall) -> str:
    """Merge up to two records into a third, once a request; each is answered by itself."""
    access = call.org.access(call.session.user_id)
    requests = [each for each in call.operation if local(each) in _MERGE_REQUESTS]
    return "".join(_result(_merged(call.org, access, each)) for each in requests)


def undelete(call: SoapCall) -> str:
    """Bring records back from the recycle bin."""
    access = call.org.access(call.session.user_id)
    ids = _ids(call)
    return "".join(map(_recycled, call.org.records.undelete(ids, access)))


def empty_recycle_bin(call: SoapCall) -> str:
    """Remove records that lie in the recycle bin for good."""
    access = call.org.access(call.session.user_id)
    ids = _ids(call)
    return "".join(map(_recycled, call.org.records.empty_bin(ids, access)))


def delete(call: SoapCall) -> str:
    """Put records into the recycle bin."""
    access = call.org.access(call.session.user_id)
    ids = _ids(call)
    answered = []
    for record_id in ids:
        sobject = call.org.schema.by_prefix(record_id)
        if sobject is None:
            malformed = Refusal(400, "MALFORMED_ID", f"malformed id {record_id}", ())
            answered.append(_recycled([malformed]))
            continue
        outcomes = call.org.records.save_many("delete", sobject.name, [{"Id": record_id}], access)
        answered += map(_recycled, outcomes)
    return "".join(answered)


def _ids(call: SoapCall) -> list[str]:
    # The WSDL has ``ids``; some clients have sent ``id`` for years.
    return [(each.text or "").strip() for each in call.operation if local(each) in ("ids", "id")]


def _merged(org: OrgState, access: Access, request: ET.Element) -> str:
    master = next((each for each in request if local(each) == "masterRecord"), ET.Element("none"))
    losers = [(each.text or "").strip() for each in request if local(each) == "recordToMergeIds"]
    values = {local(each): None if is_nil(each) else each.text for each in master if local(each) not in _OWN}
    values |= {(each.text or "").strip(): None for each in master if local(each) == "fieldsToNull"}
    master_id = (child_text(master, "Id") or "").strip()
    kind = (child_text(master, "type") or master.get(f"{{{XSI}}}type", "").rpartition(":")[2]).strip()
    sobject = org.schema.get(kind) or org.schema.by_prefix(master_id)
    try:
        if sobject is None:
            raise Refusal(400, "INVALID_TYPE", f"sObject type '{kind}' is not supported.", ())  # noqa: TRY301
        merged = org.records.merge(sobject.name, master_id, losers, access, values)
    except Refusal as refusal:
        reasons = refusal.reasons if isinstance(refusal, RowRefusal) else (refusal,)
        return f"{errors(reasons)}{element('id', master_id)}{element('success', False)}"
    return (
        element("id", merged.id)
        + "".join(element("mergedRecordIds", each) for each in merged.merged)
        + element("success", True)
        + "".join(element("updatedRelatedIds", each) for each in merged.related)
    )


def _recycled(outcome: Outcome) -> str:
    if isinstance(outcome, Saved):
        return _result(elements(id=outcome.id, success=True))
    return _result(f"{errors(outcome)}{elements(id=None, success=False)}")


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
    "merge": merge,
    "undelete": undelete,
    "delete": delete,
    "emptyRecycleBin": empty_recycle_bin,
}
