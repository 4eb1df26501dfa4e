"""What is left of the org's allowances, and how many records there are."""

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.web.routing import Route
from toolkit.demo_org.web.wire import Answer, Call

FIXED_LIMITS = {
    "ActiveScratchOrgs": 40,
    "AnalyticsExternalDataSizeMB": 40_960,
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDurableStreamingApiEvents": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 100,
    "DataStorageMB": 1_024,
    "FileStorageMB": 1_024,
    "HourlyODataCallout": 1_000,
    "MassEmail": 10,
    "PermissionSets": 1_500,
    "SingleEmail": 15,
}
"""Allowances that nothing in this org uses up."""


def limits(org: OrgState, _call: Call) -> Answer:
    """GET /limits: every allowance with what is left of it."""
    allowance = org.allowance
    counted = {"DailyApiRequests": (allowance.maximum, max(0, allowance.maximum - allowance.used))}
    fixed = {name: (maximum, maximum) for name, maximum in FIXED_LIMITS.items()}
    every = sorted({**fixed, **counted}.items())
    return Answer(200, {name: {"Max": maximum, "Remaining": left} for name, (maximum, left) in every})


def record_count(org: OrgState, call: Call) -> Answer:
    """GET /limits/recordCount?sObjects=A,B: how many records there are; objects without any are left out."""
    asked = [name.strip() for name in call.query.get("sObjects", "").split(",") if name.strip()]
    visible = org.visible(org.access(call.user_id))
    names = []
    for name in asked:
        sobject = visible.get(name)
        if sobject is None:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        names.append(sobject.name)
    if not asked:
        names = [sobject.name for sobject in visible]
    counted = [(name, org.count(name)) for name in names]
    return Answer(200, {"sObjects": [{"count": count, "name": name} for name, count in counted if count]})


ROUTES = [Route("limits", {"GET": limits}), Route("limits/recordCount", {"GET": record_count}, since=40)]
