"""How Salesforce says no to a query: the code, the text, and the piece of the statement it points at.

    \\nSELECT Naem FROM Account\\n       ^\\nERROR at Row:1:Column:8\\nNo such column 'Naem' on entity 'Account'. ...

The block is a window of the statement around the place, widened to whole words, then a caret, then row and column.
Texts about names and values point at the first character; syntax errors give the column counted from zero, as the
parser behind Salesforce's service counts it, so their caret stands one to the left.
"""

import re

from toolkit.demo_org.errors import Refusal

CONTEXT_BEFORE = 30  # characters shown on either side of the place, before widening to whole words
CONTEXT_AFTER = 30
END_OF_STATEMENT = "<EOF>"

_BREAK = frozenset(" \t\r\n,()")
_SEE_DESCRIBE = "Please reference your WSDL or the describe call for the appropriate names."


def plain(message: str, code: str = "MALFORMED_QUERY") -> Refusal:
    """Return a refusal without a place."""
    return Refusal(400, code, message)


def at(text: str, position: int, message: str, code: str) -> Refusal:
    """Return a refusal that points at the character of the statement `text` at `position`."""
    position = max(0, min(position, len(text)))
    row = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    context, caret = _window(text, position)
    return Refusal(400, code, f"\n{context}\n{' ' * caret}^\nERROR at Row:{row}:Column:{column}\n{message}")


def syntax(text: str, position: int, message: str) -> Refusal:
    """Return the refusal of a statement that cannot be read beyond `position`."""
    return at(text, position - 1, message, "MALFORMED_QUERY")


def unexpected(text: str, position: int, token: str) -> Refusal:
    """Return the refusal of a token that may not stand where it does."""
    return syntax(text, position, f"unexpected token: '{token}'")


def no_such_object(text: str, position: int, name: str) -> Refusal:
    """Return the refusal of an object the org does not have."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        f"'__c' after the entity name. {_SEE_DESCRIBE}"
    )
    return at(text, position, message, "INVALID_TYPE")


def no_such_field(text: str, position: int, field: str, entity: str) -> Refusal:
    """Return the refusal of a field that does not exist, or that the user may not see."""
    message = (
        f"No such column '{field}' on entity '{entity}'. If you are attempting to use a custom field, be sure to "
        f"append the '__c' after the custom field name. {_SEE_DESCRIBE}"
    )
    return at(text, position, message, "INVALID_FIELD")


def no_such_relationship(text: str, position: int, name: str) -> Refusal:
    """Return the refusal of a parent path through something that is no relationship."""
    message = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        f"be sure to append the '__r' after the custom relationship name. {_SEE_DESCRIBE}"
    )
    return at(text, position, message, "INVALID_FIELD")


def no_such_child_relationship(text: str, position: int, name: str) -> Refusal:
    """Return the refusal of a child subquery from something that is no child relationship."""
    message = (
        f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a custom "
        f"relationship, be sure to append the '__r' after the custom relationship name. {_SEE_DESCRIBE}"
    )
    return at(text, position, message, "INVALID_TYPE")


def wrong_value(text: str, position: int, field: str, wanted: str, quoted: bool) -> Refusal:
    """Return the refusal of a value of another type than the field's; `quoted` says how its values are written."""
    quotes = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
    message = f"value of filter criterion for field '{field}' must be of type {wanted} and {quotes}"
    return at(text, position, message, "INVALID_FIELD")


def cannot_be(text: str, position: int, field: str, done: str) -> Refusal:
    """Return the refusal to filter, sort or group by a field that does not allow it."""
    return at(text, position, f"field '{field}' can not be {done} in a query call", "INVALID_FIELD")


def wrong_operator(text: str, position: int) -> Refusal:
    """Return the refusal of an operator that the field's type does not have."""
    return at(text, position, "invalid operator", "INVALID_QUERY_FILTER_OPERATOR")


def _window(text: str, position: int) -> tuple[str, int]:
    start = max(0, position - CONTEXT_BEFORE)
    while start > 0 and text[start - 1] not in _BREAK:
        start -= 1
    end = min(len(text), position + CONTEXT_AFTER)
    while end < len(text) and text[end] not in _BREAK:
        end += 1
    while start < position and text[start] in " \t\r\n":
        start += 1
    return re.sub(r"\s", " ", text[start:end]), position - start
