"""What only SOAP can do: merging records, and taking deleted ones out of the recycle bin.

    POST /services/Soap/u/66.0      partner API, the session's id in the header of the envelope

Each call counts as one API call. What goes out is escaped, and what comes back is read without a DOCTYPE, so that it
can declare nothing. A fault, which comes with HTTP 500, becomes the same typed error as over REST; what a single record
is refused for is told in its result. This module does not know why anything is merged or restored.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import polars as pl

from toolkit.errors import SalesforceError, UnavailableError
from toolkit.frames import WRITE_RESULTS
from toolkit.salesforce.refusals import Said, error_for, refusal
from toolkit.salesforce.soql import name as api_name
from toolkit.salesforce.wire import Wire

IDS_PER_CALL = 200
MOST_LOSERS = 2
"""Records that one merge takes besides the survivor, in Salesforce's own window as well."""

_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_PARTNER = "urn:partner.soap.sforce.com"
_SOBJECT = "urn:sobject.partner.soap.sforce.com"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEADERS = {"Content-Type": "text/xml; charset=UTF-8", "Accept": "text/xml", "SOAPAction": '""'}


@dataclass(frozen=True)
class Merged:
    """What became of one merge. ``moved`` are the ids of the records that belong to the survivor now.

    When it was refused, ``code`` and ``message`` say why, and nothing was changed.
    """

    success: bool
    losers: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    code: str = ""
    message: str = ""


class SoapCalls:
    """The SOAP calls of one connection."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def merge(
        self, sobject: str, survivor_id: str, loser_ids: Sequence[str], values: Mapping[str, str | None] | None = None
    ) -> Merged:
        """Merge one or two records into another of the same object, which takes on `values` in the same transaction.

        `values` are canonical text by field; None clears. Account, Contact, Lead and Case can be merged. Raises
        SalesforceError when the call as a whole fails; of UnavailableError nobody knows whether it was carried out.
        """
        given = values or {}
        cleared = "".join(
            _element("o:fieldsToNull", api_name(field)) for field, value in given.items() if value is None
        )
        filled = "".join(_element(f"o:{api_name(field)}", value) for field, value in given.items() if value is not None)
        master = f"{_element('o:type', api_name(sobject))}{cleared}{_element('o:Id', survivor_id)}{filled}"
        losers = "".join(_element("p:recordToMergeIds", each) for each in loser_ids)
        request = f"<p:request><p:masterRecord>{master}</p:masterRecord>{losers}</p:request>"
        (result,) = self._call("merge", request, 1)
        if not _said_yes(result):
            what = _errors(result)
            return Merged(success=False, code=what.code, message=what.message)
        return Merged(True, tuple(_texts(result, "mergedRecordIds")), tuple(_texts(result, "updatedRelatedIds")))

    def undelete(self, ids: Sequence[str], on_results: Callable[[pl.DataFrame], None] | None = None) -> pl.DataFrame:
        """Take records, each with what was deleted with it, out of the recycle bin: `WRITE_RESULTS`, in this order.

        `on_results` hears of the results of every 200 as they arrive. Raises SalesforceError like `merge`.
        """
        parts = [WRITE_RESULTS.empty()]
        for start in range(0, len(ids), IDS_PER_CALL):
            chunk = ids[start : start + IDS_PER_CALL]
            answers = self._call("undelete", "".join(_element("p:ids", each) for each in chunk), len(chunk))
            parts.append(_results(chunk, answers))
            if on_results:
                on_results(parts[-1])
        return pl.concat(parts)

    def _call(self, operation: str, inner: str, expected: int) -> list[ET.Element]:
        """Send one call and return its results. Neither of the calls may be done twice."""

        def envelope(session_id: str) -> bytes:
            header = f"<p:SessionHeader>{_element('p:sessionId', session_id)}</p:SessionHeader>"
            names = f'xmlns:s="{_ENVELOPE}" xmlns:p="{_PARTNER}" xmlns:o="{_SOBJECT}"'
            body = f"<s:Header>{header}</s:Header><s:Body><p:{operation}>{inner}</p:{operation}></s:Body>"
            return f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {names}>{body}</s:Envelope>'.encode()

        path = f"/services/Soap/u/{self._wire.sf_version}"
        response = self._wire.call(
            "POST", path, repeatable=False, headers=_HEADERS, body=envelope, refuse=_fault_or_refusal
        )
        found = _parsed(response.content)
        results = [] if found is None else [each for each in found.iter() if _local(each) == "result"]
        if len(results) != expected:
            raise UnavailableError(
                f"POST {path}: {operation} was answered with {len(results)} results in place of {expected}",
                hint="it is not known whether this was carried out: run `cs-toolkit resume`, which looks",
                code="NOT_SOAP",
                status=response.status_code,
            )
        return results


def _fault_or_refusal(doing: str, status: int, body: bytes, scrub: Callable[[str], str]) -> SalesforceError:
    """Return the error of an answer that is a SOAP fault, or of any other."""
    found = _parsed(body)
    fault = None if found is None else next((each for each in found.iter() if _local(each) == "Fault"), None)
    if fault is None:
        return refusal(doing, status, body, scrub)
    parts = {_local(each): (each.text or "").strip() for each in fault.iter()}
    code = parts.get("exceptionCode") or parts.get("faultcode", "").rpartition(":")[2]
    message = parts.get("exceptionMessage") or parts.get("faultstring", "") or "no reason was given"
    return error_for(doing, status, Said(code, message), scrub)


def _parsed(body: bytes) -> ET.Element | None:
    """Return the root of a document, or None when it is none, or declares anything."""
    try:
        text = body.decode("utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            return None
        return ET.fromstring(text)  # noqa: S314 - there is no DOCTYPE, so no entities
    except (UnicodeDecodeError, ET.ParseError, ValueError):
        return None


def _results(ids: Sequence[str], answers: Sequence[ET.Element]) -> pl.DataFrame:
    done = [_said_yes(each) for each in answers]
    errors = [None if ok else _errors(each) for ok, each in zip(done, answers, strict=True)]
    return pl.DataFrame(
        {
            "id": list(ids),
            "success": done,
            "created": [False] * len(done),
            "error_code": [each.code if each else None for each in errors],
            "error_message": [each.message if each else None for each in errors],
            "error_fields": [",".join(each.fields) or None if each else None for each in errors],
        },
        schema=dict(WRITE_RESULTS.schema),
    )


def _errors(result: ET.Element) -> Said:
    errors = [each for each in result if _local(each) == "errors"]
    codes = [text for each in errors for text in _texts(each, "statusCode")]
    messages = [text for each in errors for text in _texts(each, "message")]
    fields = tuple(dict.fromkeys(text for each in errors for text in _texts(each, "fields")))
    return Said(codes[0] if codes else "", "; ".join(filter(None, messages)) or "no reason was given", fields)


def _said_yes(result: ET.Element) -> bool:
    return next(_texts(result, "success"), "") in ("true", "1")


def _texts(element: ET.Element, name: str) -> Iterator[str]:
    return ((each.text or "").strip() for each in element if _local(each) == name)


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(_NOT_XML.sub('', text))}</{name}>"
