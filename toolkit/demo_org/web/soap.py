"""SOAP: the envelope that carries calls of the partner, enterprise and metadata APIs, and the faults they end in.

    POST /services/Soap/{u|c|m}/{version}[/ORG]

The operations are in `soap_partner` and `soap_metadata`: functions `(SoapCall) -> str` that return the inside of the
response element. A fault is HTTP 500.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.sessions import Session
from toolkit.demo_org.web.versions import FIRST_RETIRED, LATEST
from toolkit.demo_org.web.wire import Answer, Call
from toolkit.demo_org.web.xml_form import XML_HEAD, BadXmlError, escaped, local, parse_xml

SOAP_TYPE = "text/xml;charset=UTF-8"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NAMESPACES = {
    "u": "urn:partner.soap.sforce.com",
    "c": "urn:enterprise.soap.sforce.com",
    "m": "http://soap.sforce.com/2006/04/metadata",
}
_FAULTS = {"u": "urn:fault.partner.soap.sforce.com", "c": "urn:fault.enterprise.soap.sforce.com", "m": NAMESPACES["m"]}


class SoapFault(Exception):  # noqa: N818 - it is an answer, not a failure of the program
    """The refusal of a whole call: an exception code, a message, and the name of the fault's type."""

    def __init__(self, code: str, message: str, kind: str = "UnexpectedErrorFault") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.kind = kind


@dataclass(frozen=True)
class SoapCall:
    """One call: which API and version, the operation's element, and the session of its header, if any."""

    org: OrgState
    api: str
    version: float
    operation: ET.Element
    session_id: str

    @property
    def session(self) -> Session:
        """The session the header names. Raises SoapFault INVALID_SESSION_ID."""
        found = self.org.sessions.find(self.session_id)
        if found is None:
            text = "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash"
            raise SoapFault("INVALID_SESSION_ID", text)
        return found


Operation = Callable[[SoapCall], str]


def answer(org: OrgState, call: Call, api: str, version: str, operations: Mapping[str, Operation]) -> Answer:
    """Answer a SOAP call with one of these operations."""
    try:
        soap_call = _read(org, call, api, version)
        name = local(soap_call.operation)
        operation = operations.get(name)
        if operation is None:
            qualified = f"{{{NAMESPACES[api]}}}{name}"
            return _client_fault(f"No operation available for request {qualified}")
        inner = operation(soap_call)
    except BadXmlError as bad:
        return _client_fault(f"Unable to parse the request: {bad}")
    except SoapFault as fault:
        return _fault(api, fault)
    except Refusal as refusal:
        return _fault(api, SoapFault(refusal.code, refusal.message))
    return _envelope(200, f'xmlns="{NAMESPACES[api]}"', f"<{name}Response>{inner}</{name}Response>")


def element(name: str, value: object) -> str:
    """Return one element; None is ``xsi:nil``."""
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    return f"<{name}>{escaped(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"


def elements(**values: object) -> str:
    """Return one element a keyword, in order."""
    return "".join(element(name, value) for name, value in values.items())


def _read(org: OrgState, call: Call, api: str, version: str) -> SoapCall:
    envelope = parse_xml(call.body)
    parts = {local(each): each for each in envelope} if local(envelope) == "Envelope" else {}
    body = parts.get("Body")
    if body is None or not len(body):
        raise BadXmlError("Body of the envelope is missing")
    session_id = next((each.text or "" for each in parts.get("Header", ET.Element("none")).iter() if _is_id(each)), "")
    return SoapCall(org, api, _version(version), body[0], session_id.strip())


def _is_id(each: ET.Element) -> bool:
    return local(each) == "sessionId"


def _version(text: str) -> float:
    number = float(text) if text.replace(".", "", 1).isdigit() else 0.0
    if not FIRST_RETIRED <= number <= LATEST:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {text}")
    return number


def _fault(api: str, fault: SoapFault) -> Answer:
    message = escaped(fault.message)
    detail = (
        f'<sf:{fault.kind} xsi:type="sf:{fault.kind}"><sf:exceptionCode>{fault.code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{fault.kind}>"
    )
    inner = (
        f"<soapenv:Fault><faultcode>sf:{fault.code}</faultcode><faultstring>{fault.code}: {message}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>"
    )
    return _envelope(500, f'xmlns:sf="{_FAULTS[api]}"', inner)


def _client_fault(text: str) -> Answer:
    code = "<faultcode>soapenv:Client</faultcode>"
    return _envelope(500, "", f"<soapenv:Fault>{code}<faultstring>{escaped(text)}</faultstring></soapenv:Fault>")


def _envelope(status: int, namespace: str, inner: str) -> Answer:
    names = " ".join(each for each in (f'xmlns:soapenv="{ENVELOPE}"', namespace, f'xmlns:xsi="{XSI}"') if each)
    document = f"{XML_HEAD}<soapenv:Envelope {names}><soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    return Answer(status, raw=document.encode(), content_type=SOAP_TYPE)
