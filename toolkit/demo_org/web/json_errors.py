"""What is wrong with a JSON body, in the words of the parser that Salesforce uses."""

import json

from toolkit.demo_org.errors import Refusal

_EXPECTED = (
    ("Expecting property name", "was expecting double-quote to start field name"),
    ("Expecting ':'", "was expecting a colon to separate field name and value"),
    ("Expecting ','", "was expecting comma to separate Object entries"),
)
_VALUE = "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


def parser_error(body: bytes) -> Refusal:
    """Return the JSON_PARSER_ERROR of a body that cannot be read, with the line and column where it went wrong."""
    text = body.decode("utf-8", "replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as problem:
        at = f"at [line:{problem.lineno}, column:{problem.colno}]"
        if problem.pos >= len(text.rstrip()):
            return Refusal(400, "JSON_PARSER_ERROR", f"Unexpected end-of-input {at}")
        letter = text[problem.pos]
        expected = next((words for start, words in _EXPECTED if problem.msg.startswith(start)), _VALUE)
        message = f"Unexpected character ('{letter}' (code {ord(letter)})): {expected}\n {at}"
        return Refusal(400, "JSON_PARSER_ERROR", message)
    except RecursionError:
        return Refusal(400, "JSON_PARSER_ERROR", "The document is nested too deep at [line:1, column:1]")
    return Refusal(400, "JSON_PARSER_ERROR", "The document is not UTF-8 at [line:1, column:1]")
