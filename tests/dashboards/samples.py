"""A believable company for the dashboard: accounts, scores, a plan, runs, and what belongs to the accounts."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import tomlkit

from tests.dashboards.belongings import OBJECTS, belongings
from toolkit.config import Measure, Settings, load, preset_text
from toolkit.frames import CHANGES, CONTRIBUTIONS, JOURNAL, LINKS, SCORES, conform
from toolkit.store import Store
from toolkit.writeback.planning.cost import predict
from toolkit.writeback.planning.digest import digest_of
from toolkit.writeback.planning.plan import Plan

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
AWKWARD = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror='window.pwned=1'>",
    '"Quoted" & Söhne GmbH',
    "=2+3 Foods",
    "Long " * 30 + "Ltd",
]
FIRST = [
    "North",
    "Blue",
    "Iron",
    "Silver",
    "Harbor",
    "Summit",
    "Cedar",
    "Orchid",
    "Granite",
    "Lumen",
    "Maple",
    "Falcon",
]
SECOND = ["wind", "field", "gate", "bridge", "works", "line", "forge", "stone", "water", "peak"]
KIND = ["Analytics", "Logistics", "Foods", "Robotics", "Energy", "Media", "Health", "Bank"]
CSMS = ["Ada Moreau", "Ben Okafor", "Chiara Rossi", "Dev Patel", "Elena Novak", "Finn Larsen"]
SEGMENTS = {"SMB": 0.5, "Mid-Market": 0.35, "Enterprise": 0.15}


def fill(folder: Path, accounts: int = 300, seed: int = 7, *, objects: bool = True) -> Settings:
    """Make a workspace in `folder`: the demo's mapping file and a store with records, scores, a plan and runs.

    With `objects` the accounts have contacts, agreements, interactions and members of a community.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workspace.toml").write_text(mapping_text(objects=objects), encoding="utf-8")
    settings = load(folder / "workspace.toml")
    here, contributions, scores = company(settings, accounts, seed)
    with Store.open(folder) as store:
        store.save_records("here", "account", with_health(here, scores))
        store.save_records("there", "account", there(here))
        if objects:
            for side, name, frame in belongings(here, seed):
                store.save_records(side, name, frame)
        for days, change in ((60, 1.5), (30, -0.8)):
            store.append_scores(earlier(scores, days, change))
        store.append_scores(scores)
        store.write(SCORES, scores)
        store.write(CONTRIBUTIONS, contributions)
        store.write(LINKS, links(here))
        changes = pending(here, scores, seed)
        store.save_plan(plan_of(changes).meta(), changes)
        for minutes, step, counts in (
            (400, "pull", {"read": accounts, "api_calls": 6, "note": "first pull of Active Customers"}),
            (399, "load", {"read": accounts, "skipped": 2}),
            (398, "match", {"read": accounts, "held": 9, "note": "9 records without a partner are listed"}),
            (397, "score", {"read": accounts, "written": accounts}),
            (45, "pull", {"read": 12, "api_calls": 2}),
            (44, "plan", {"read": accounts, "written": changes.height, "held": 14}),
        ):
            run = store.start_run(step, "account", NOW - timedelta(minutes=minutes))
            store.end_run(run, at=NOW - timedelta(minutes=minutes) + timedelta(seconds=1.7), **counts)
        for minutes, name in ((420, "contact"), (419, "agreement"), (418, "meeting"), (417, "call")) if objects else ():
            run = store.start_run("pull", name, NOW - timedelta(minutes=minutes))
            store.end_run(run, at=NOW - timedelta(minutes=minutes), read=1)
    return settings


def mapping_text(*, objects: bool = True) -> str:
    """Return the demo's mapping file; without `objects` only accounts are mapped in it."""
    parsed = tomlkit.parse(preset_text("demo"))
    for name in [name for name in parsed["objects"] if name != "account"]:
        del parsed["objects"][name]
    return tomlkit.dumps(parsed) + (OBJECTS if objects else "")


def with_health(here: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """Return the accounts with the health that the score step gives them."""
    health = {"health_score": "shown", "health_band": "band", "health_coverage": "coverage", "health_as_of": "as_of"}
    return here.join(scores.select("id", **{name: pl.col(old) for name, old in health.items()}), on="id", how="left")


def there(here: pl.DataFrame) -> pl.DataFrame:
    """Return the accounts as Salesforce has them: an older name here and there, and no health."""
    return here.select(
        id=pl.format("001dM0{}AAA", pl.col("id").str.slice(2).str.zfill(9)),
        Name=pl.col("name"),
        Industry=pl.col("industry").str.to_uppercase(),
        **{"Owner.Name": pl.col("account_owner")},
        CS_Stage__c=pl.col("stage"),
    )


def earlier(scores: pl.DataFrame, days: int, change: float) -> pl.DataFrame:
    """Return the scores as they were some days ago."""
    return scores.with_columns(
        shown=(pl.col("shown") + change).clip(0, 10), as_of=pl.lit(NOW.date() - timedelta(days=days))
    )


def company(settings: Settings, accounts: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return here records, contributions and scores that agree with each other and with the demo's profile."""
    chance = random.Random(seed)
    profile = settings.health.profile
    assert profile is not None
    rows, parts, scores = [], [], []
    for number in range(1, accounts + 1):
        id_ = f"P-{number:05d}"
        segment = chance.choices(list(SEGMENTS), SEGMENTS.values())[0]
        size = {"SMB": 900, "Mid-Market": 5200, "Enterprise": 24000}[segment]
        name = f"{chance.choice(FIRST)}{chance.choice(SECOND)} {chance.choice(KIND)}"
        rows.append(
            {
                "id": id_,
                "name": AWKWARD[number - 1] if number <= len(AWKWARD) else name,
                "segment": segment,
                "csm": chance.choice(CSMS),
                "stage": chance.choice(["Onboarding", "Adoption", "Growth", "At Risk"]),
                "mrr": round(size * math.exp(chance.gauss(0, 0.5)), 2),
                "currency": "USD",
                "industry": chance.choice(["Banking", "Media", "Energy", "Retail", "Education"]),
                "account_owner": chance.choice(["Mo Blake", "Rae Kim", "Sol Vega"]),
                "parent_id": f"P-{number - number % 10:05d}" if number % 10 and 60 < number < 100 else None,
                "website": f"https://www.{name.lower().replace(' ', '')}.test",
                "renewal_date": date(2026, 11, 10) + timedelta(days=chance.randrange(400))
                if chance.random() > 0.03
                else None,
            }
        )
        mood = min(max(chance.gauss(0.66, 0.24), 0.02), 1.0)
        known = [each for each in profile.measures if chance.random() > (0.92 if number % 37 == 0 else 0.06)]
        total = sum(each.weight for each in profile.measures)
        weight = sum(each.weight for each in known)
        score = 0.0
        for each in profile.measures:
            have = each in known
            points = min(max((mood + chance.gauss(0, 0.22)) * 100, 0), 100) if have else None
            share = each.weight / weight if have else 0.0
            parts.append(
                {
                    "id": id_,
                    "measure": each.name,
                    "group": each.group,
                    "value": value(each, points) if have and points is not None else None,
                    "points": points,
                    "weight": share,
                    "contribution": (points or 0.0) * share,
                }
            )
            score += (points or 0.0) * share
        enough = weight / total >= profile.min_coverage
        band = [each.name for each in profile.bands if each.start <= score][-1]
        scores.append(
            {
                "id": id_,
                "profile": "default",
                "version": "v1",
                "score": score if enough else None,
                "shown": math.floor(score + 0.5) / 10 if enough else None,
                "band": band if enough else None,
                "coverage": weight / total,
                "as_of": NOW.date(),
            }
        )
    here = pl.DataFrame(rows, schema_overrides={"renewal_date": pl.Date})
    return (
        here,
        conform(pl.DataFrame(parts, infer_schema_length=None), CONTRIBUTIONS),
        conform(pl.DataFrame(scores, infer_schema_length=None), SCORES),
    )


def value(measure: Measure, points: float) -> float:
    """Return a value of the measure's metric that is about as good as `points`."""
    (worst, low), (best, high) = (pick(measure.rule.points, key=lambda pair: pair[1]) for pick in (min, max))
    return round(worst + (points - low) / (high - low) * (best - worst), 2 if abs(best - worst) < 5 else 0)


def links(here: pl.DataFrame) -> pl.DataFrame:
    frame = here.select(
        object=pl.lit("account"),
        here_id="id",
        there_id=pl.format("001dM0{}AAA", pl.col("id").str.slice(2).str.zfill(9)),
        rule=pl.lit("external_id = Product_Id__c"),
        value=pl.col("id").str.to_lowercase(),
        linked_at=pl.lit(NOW),
        decided_by=pl.lit("rule"),
    )
    return conform(frame, LINKS)


def pending(here: pl.DataFrame, scores: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return changes of every verdict: health to Salesforce, names from it, some conflicts, held and refused rows."""
    chance = random.Random(seed)
    rows = []
    scored = here.join(scores.drop_nulls("score").select("id", "shown", "band"), on="id", how="inner").sort("id")
    for row in scored.iter_rows(named=True):
        common = {
            "object": "account",
            "here_id": row["id"],
            "there_id": f"001dM0{row['id'][2:].zfill(9)}AAA",
            "name": row["name"],
            "operation": "update",
        }
        old = round(min(max(row["shown"] + chance.gauss(0, 1.2), 0), 10), 1)
        there = None if chance.random() < 0.3 else f"{old:g}"
        rows.append(
            common
            | {
                "side": "there",
                "field": "CS_Health_Score__c",
                "partner": "health_score",
                "type": "double",
                "base": there,
                "here": f"{row['shown']:g}",
                "there": there,
                "after": f"{row['shown']:g}",
                "rule": "output",
                "verdict": "write",
                "reason": None,
            }
        )
        if chance.random() < 0.4:
            rows.append(
                common
                | {
                    "side": "there",
                    "field": "CS_Health_Band__c",
                    "partner": "health_band",
                    "type": "picklist",
                    "base": None,
                    "here": row["band"],
                    "there": "Green",
                    "after": row["band"],
                    "rule": "output",
                    "verdict": "write",
                    "reason": None,
                }
            )
        if chance.random() < 0.1:
            rows.append(
                common
                | {
                    "side": "there",
                    "field": "CS_MRR__c",
                    "partner": "mrr",
                    "type": "currency",
                    "base": None,
                    "here": f"{row['mrr']:.2f}",
                    "there": None,
                    "after": f"{row['mrr']:.2f}",
                    "rule": "output",
                    "verdict": "write",
                    "reason": None,
                }
            )
        if chance.random() < 0.04:
            rows.append(
                common
                | {
                    "side": "here",
                    "field": "stage",
                    "partner": "CS_Stage__c",
                    "type": "picklist",
                    "base": "Adoption",
                    "here": "Growth",
                    "there": "At Risk",
                    "after": None,
                    "rule": "hold",
                    "verdict": "conflict",
                    "reason": "both sides changed since the last sync",
                }
            )
        if chance.random() < 0.03:
            rows.append(
                common
                | {
                    "side": "here",
                    "field": "industry",
                    "partner": "Industry",
                    "type": "picklist",
                    "base": "Media",
                    "here": "Media",
                    "there": "Banking",
                    "after": "Banking",
                    "rule": "input",
                    "verdict": "held",
                    "reason": "the record changed in Salesforce after it was read",
                }
            )
        if chance.random() < 0.01:
            rows.append(
                common
                | {
                    "side": "there",
                    "field": "CS_Segment__c",
                    "partner": "segment",
                    "type": "string",
                    "base": None,
                    "here": "x" * 41,
                    "there": None,
                    "after": "x" * 41,
                    "rule": "output",
                    "verdict": "refused",
                    "reason": "41 characters, the field holds 40",
                }
            )
    return conform(pl.DataFrame(rows, infer_schema_length=None).with_row_index("seq", offset=1), CHANGES)


def plan_of(changes: pl.DataFrame, parent: str | None = None) -> Plan:
    """Return the plan of these rows, sealed with its real digest."""
    org_id = "00DdM0000000001AAA"
    return Plan(
        digest=digest_of(changes, org_id, parent),
        created_at=NOW - timedelta(minutes=44),
        org_id=org_id,
        org_name="Northwind Demo",
        parent=parent,
        changes=changes,
        cost=predict(changes, bulk_from=2000, left=14_983),
    )


def intended(commit_id: str, changes: pl.DataFrame) -> pl.DataFrame:
    """Return journal rows of a commit that never settled."""
    frame = changes.select(
        pl.lit(commit_id).alias("commit_id"),
        "seq",
        "side",
        "object",
        "here_id",
        "there_id",
        "name",
        "field",
        "partner",
        "type",
        pl.col("there").alias("before"),
        "after",
        pl.lit("intended").alias("state"),
        pl.lit(None).alias("code"),
        pl.lit(None).alias("message"),
        "base",
        pl.col("after").alias("agreed"),
        "operation",
    )
    return conform(frame, JOURNAL)
