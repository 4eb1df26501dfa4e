"""The only door to Salesforce: `connect` gives an `Org`, which describes, reads, writes and counts what that costs."""

from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.salesforce.limits import Budget
from toolkit.salesforce.login import Credentials
from toolkit.salesforce.org import Org, connect

__all__ = ["Budget", "Credentials", "FieldDescribe", "ObjectDescribe", "Org", "connect"]
