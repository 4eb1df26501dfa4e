"""What both sides of a workspace must hold, worked out in plain Python: the oracle of the stateful test.

It shares no code with the toolkit but the wording of directions and rules. Values are texts, numbers are decimals.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

Values = dict[str, str | None]

STAGES = ("Onboarding", "Adoption", "Growth", "At Risk", "Churned")
BANDS = ("Green", "Yellow", "Red")


@dataclass(frozen=True)
class Pair:
    """A mapped pair of fields. `digits` are those left of the point of a number, `length` that of a text."""

    here: str
    there: str
    direction: str
    rule: str
    scale: int | None = None
    digits: int = 0
    length: int = 255
    values: tuple[str, ...] | None = None
    dates: bool = False

    @property
    def name(self) -> str:
        return f"{self.here} = {self.there}"

    def canonical(self, text: str | None) -> str | None:
        return plain(text) if self.scale is None else decimal(text, self.scale)

    def typed(self, text: str | None) -> str | float | None:
        """The value as a CRM user types it."""
        return text if text is None or self.scale is None else float(text)

    def fits(self, text: str | None) -> bool:
        if text is None:
            return True
        if self.scale is not None:
            number = as_decimal(text)
            return number is not None and abs(number) < 10**self.digits
        if self.values is not None:
            return text in self.values
        if self.dates:
            return "1700" <= text[:4] <= "4000"
        return len(text) <= self.length


PAIRS = (
    Pair("name", "Name", "input", "salesforce_wins"),
    Pair("phone", "Phone", "input", "salesforce_wins", length=40),
    Pair("industry", "Industry", "input", "hold"),
    Pair("stage", "CS_Stage__c", "two_way", "hold", values=STAGES),
    Pair("target", "CS_Success_Metric__c", "two_way", "salesforce_wins", scale=2, digits=3),
    Pair("segment", "CS_Segment__c", "two_way", "toolkit_wins", length=40),
    Pair("promoters", "CS_NPS_Promoters__c", "output", "hold", scale=0, digits=5),
    Pair("mrr", "CS_MRR__c", "output", "toolkit_wins", scale=2, digits=16),
    Pair("seats", "CS_Active_Users__c", "output", "toolkit_wins", scale=0, digits=6),
    Pair("renewal_date", "CS_Renewal_Date__c", "output", "toolkit_wins", dates=True),
    Pair("health_score", "CS_Health_Score__c", "output", "toolkit_wins", scale=1, digits=2),
    Pair("health_band", "CS_Health_Band__c", "output", "toolkit_wins", values=BANDS),
)
BY_HERE = {pair.here: pair for pair in PAIRS}
BY_THERE = {pair.there: pair for pair in PAIRS}
FILE_COLUMNS = (
    "name", "industry", "stage", "target", "segment", "promoters", "mrr", "seats", "renewal_date", "nps_score",
)  # fmt: skip
PULLED = "phone"  # the only column here that is in no file


@dataclass(frozen=True)
class Change:
    """A row of a plan, without its words."""

    side: str
    here_id: str
    there_id: str
    pair: str
    base: str | None
    here: str | None
    there: str | None
    after: str | None
    verdict: str

    @property
    def before(self) -> str | None:
        return self.here if self.side == "here" else self.there


@dataclass
class Mirror:
    """`org` is what Salesforce holds, `there` what was read of it; `file` is the CSV file, `loaded` what was read."""

    org: dict[str, Values]
    in_view: set[str]
    file: dict[str, Values]
    loaded: dict[str, Values] | None = None
    here: dict[str, Values] = field(default_factory=dict)
    scores: dict[str, Values] = field(default_factory=dict)
    there: dict[str, Values] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    base: dict[str, tuple[str, Values]] = field(default_factory=dict)
    decisions: dict[tuple[str, str, str], tuple[str, str | None, str | None]] = field(default_factory=dict)

    def pull(self) -> None:
        self.there = {record: dict(values) for record, values in self.org.items() if record in self.in_view}

    def load(self) -> None:
        before, old = self.here, self.loaded or {}
        self.here = {}
        for key, row in self.file.items():
            stands = before.get(key, {})
            kept = {name: stands[name] for name in row if key in before and row[name] == old.get(key, {}).get(name)}
            self.here[key] = {**row, **kept, PULLED: stands.get(PULLED), **self._scored(key)}
        self.loaded = copy.deepcopy(self.file)

    def score(self) -> None:
        self.scores = {key: _scored(row["nps_score"]) for key, row in (self.loaded or {}).items()}
        for key, row in self.here.items():
            row.update(self._scored(key))

    def _scored(self, key: str) -> Values:
        return self.scores.get(key, {"health_score": None, "health_band": None})

    def merge(self) -> Iterator[Change]:
        """Every change of a plan that is made now."""
        for here_id, there_id in self.links.items():
            if here_id not in self.here or there_id not in self.there:
                continue
            for pair in PAIRS:
                here = pair.canonical(self.here[here_id][pair.here])
                there = self.there[there_id][pair.there]
                if here != there:
                    base = self.agreed(here_id, there_id, pair)
                    side, verdict, after = self._said(here_id, there_id, pair, _decided(pair, base, here, there))
                    if verdict == "write" and side == "there" and not pair.fits(after):
                        verdict = "refused"
                    yield Change(side, here_id, there_id, pair.name, base, here, there, after, verdict)

    def _said(self, here_id: str, there_id: str, pair: Pair, merged: tuple[str, str, str | None]) -> tuple:
        """What a person decided about two values that wait, while both sides hold them; else what the merge says."""
        here, there = pair.canonical(self.here[here_id][pair.here]), self.there[there_id][pair.there]
        choice, *about = self.decisions.get((here_id, there_id, pair.name), ("", None, None))
        if merged[1] not in ("conflict", "held") or not choice or about != [here, there]:
            return merged
        if choice == "leave":
            return merged[0], "held", merged[2]
        return ("there", "write", here) if choice == "here" else ("here", "write", there)

    def forget(self) -> None:
        """Decisions about values that have moved, where both records are in view, are void."""
        for here_id, there_id, name in list(self.decisions):
            if self.links.get(here_id) == there_id and here_id in self.here and there_id in self.there:
                pair = next(each for each in PAIRS if each.name == name)
                now = [pair.canonical(self.here[here_id][pair.here]), self.there[there_id][pair.there]]
                if list(self.decisions[here_id, there_id, name][1:]) != now:
                    del self.decisions[here_id, there_id, name]

    def agreed(self, here_id: str, there_id: str, pair: Pair) -> str | None:
        partner, values = self.base.get(there_id, (None, {}))
        return values.get(pair.name) if partner == here_id else None

    def now(self, change: Change) -> tuple[bool, str | None]:
        """Whether the record that a change is of exists on its side, and what the field holds."""
        pair = next(each for each in PAIRS if each.name == change.pair)
        if change.side == "there":
            record = self.org.get(change.there_id)
            return record is not None, None if record is None else record[pair.there]
        record = self.here.get(change.here_id)
        return record is not None, None if record is None else pair.canonical(record[pair.here])

    def agree(self, change: Change, value: str | None) -> None:
        """Both sides of a change agreed on a value when it was written, wherever they have moved since."""
        partner, values = self.base.get(change.there_id, (None, {}))
        kept = values if partner == change.here_id else {pair.name: None for pair in PAIRS}
        self.base[change.there_id] = (change.here_id, {**kept, change.pair: value})

    def rebase(self) -> None:
        """What both sides agree on is what the next merge starts from."""
        for here_id, there_id in self.links.items():
            if here_id in self.here and there_id in self.there:
                values = {}
                for pair in PAIRS:
                    here, there = pair.canonical(self.here[here_id][pair.here]), self.there[there_id][pair.there]
                    values[pair.name] = here if here == there else self.agreed(here_id, there_id, pair)
                self.base[there_id] = (here_id, values)


def _decided(pair: Pair, base: str | None, here: str | None, there: str | None) -> tuple[str, str, str | None]:
    """The side that is written, the verdict, and the value."""
    if pair.direction == "two_way":
        if there == base:
            return "there", "write", here
        if here == base:
            return "here", "write", there
        if pair.rule == "hold":
            return "there", "conflict", None
        return ("here", "write", there) if pair.rule == "salesforce_wins" else ("there", "write", here)
    side, source, target = ("there", here, there) if pair.direction == "output" else ("here", there, here)
    if source is None and base is None:
        return side, "held", source
    if pair.rule == "hold" and target != base:
        return side, "conflict", None
    return side, "write", source


def _scored(nps: str | None) -> Values:
    if nps is None:
        return {"health_score": None, "health_band": None}
    points = max(Decimal(0), min(Decimal(100), Decimal(nps) + 50))
    band = "Red" if points < 50 else "Yellow" if points < 75 else "Green"
    return {"health_score": decimal(str(points / 10), 1), "health_band": band}


def plain(text: str | None) -> str | None:
    return (text or "").strip() or None


def as_decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def decimal(text: str | None, scale: int | None = None) -> str | None:
    """A number as the shortest plain decimal, rounded half up to `scale`; what is no number stays as it is."""
    number = None if plain(text) is None else as_decimal(str(text))
    if number is None:
        return plain(text)
    rounded = number if scale is None else number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    shown = f"{rounded:f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return "0" if shown in ("-0", "") else shown
