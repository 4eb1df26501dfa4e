"""Recurring revenue from agreements: by month, how it moved, what was retained, what comes up for renewal.

Pure: frames in, frames out. Money is in one currency a row, whole hundredths, and adds up exactly; currencies are never
added (`in_one_currency`). Each rule is stated in the module that keeps it.
"""

from toolkit.revenue.money import OneCurrency, cents, currencies, in_one_currency, money
from toolkit.revenue.monthly import monthly, one_time_fees
from toolkit.revenue.renewals import renewals, revenue_by_band
from toolkit.revenue.retention import bridge, retention
from toolkit.revenue.running import with_runs, with_terms
from toolkit.revenue.waterfall import MOVEMENTS, Measure, movements, waterfall

__all__ = [
    "MOVEMENTS",
    "Measure",
    "OneCurrency",
    "bridge",
    "cents",
    "currencies",
    "in_one_currency",
    "money",
    "monthly",
    "movements",
    "one_time_fees",
    "renewals",
    "retention",
    "revenue_by_band",
    "waterfall",
    "with_runs",
    "with_terms",
]
