"""Does an org answer as this project expects Salesforce to? The same requests to a real org or to the demo org.

`checks` says what a check is, `shapes` what an answer may look like, the `asking_*` modules hold the checks, and
`running` asks them and cleans up; `target` is which org is asked.
"""

from toolkit.salesforce.conformance.running import Outcome, run
from toolkit.salesforce.conformance.target import Target, target_from_environment

__all__ = ["Outcome", "Target", "run", "target_from_environment"]
