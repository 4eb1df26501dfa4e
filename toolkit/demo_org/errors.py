"""The error Salesforce answers with, as one exception.

Every part of the demo org raises `Refusal`; the web layer turns it into Salesforce's error body. Status codes, error
codes and texts follow Salesforce's documentation and what live orgs were seen to answer.
"""

from collections.abc import Mapping, Sequence


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure of the program
    """Salesforce's no: an HTTP status, an errorCode, a message and, for writes, the fields it blames.

    ``fields`` is None where Salesforce leaves the key out (anything but DML). ``details`` are further keys of the error
    in an answer, such as the duplicates that were found.
    """

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details: Mapping[str, object] = {}
        self.fields = None if fields is None else tuple(fields)
