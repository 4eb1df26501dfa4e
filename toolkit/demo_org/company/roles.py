"""What the contacts of the sample company are to customer success: champion, sponsor, key user or end user.

The org knows it less well than the customer side does: for some contacts it says nothing, for a few something else, and
some customers have no champion there at all.
"""

import random
from collections.abc import Mapping, Sequence

from toolkit.demo_org.company.customers import Customer
from toolkit.demo_org.company.rows import Row
from toolkit.demo_org.objects.contact import ROLES

_NAMES = {each.lower(): each for each in ROLES}
_NO_CHAMPION = 0.05
"""How many customers have none because nobody was told; about as many again have a champion the org does not know."""
_UNTOLD, _MISTAKEN = 0.08, 0.11


class Roles:
    """Fills in the role of contacts, with its own randomness. It makes no rows of its own."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"roles {seed}")  # noqa: S311 - sample data, meant to repeat
        self.rows: dict[str, list[Row]] = {}

    def add(self, customers: Sequence[Customer], rows: Mapping[str, list[Row]]) -> None:
        """Give the contacts of these customers, which come first among the rows and in their order, a role."""
        contacts = iter(rows["Contact"])
        for customer in customers:
            silent = self._rng.random() < _NO_CHAMPION
            known = customer.kind.startswith(("Customer", "Former"))
            for person in customer.people:
                if person.there:
                    role = self._role(person.role, silent=silent) if known else None
                    next(contacts)["CS_Role__c"] = role
        for row in contacts:
            row["CS_Role__c"] = None

    def _role(self, role: str, *, silent: bool) -> str | None:
        if role == "champion":
            return None if silent else _NAMES[role]
        chance = self._rng.random()
        if chance < _UNTOLD:
            return None
        return _NAMES["end user"] if chance < _MISTAKEN else _NAMES[role]
