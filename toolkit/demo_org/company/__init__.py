"""The sample company: a made-up seller of business software, its customers, and how they are doing.

`seed` fills an org with it, and `customer_side` is what the company itself knows of the same customers, which
`toolkit.demo_org.company.files` writes to files.
"""

from toolkit.demo_org.company.customer_side import customer_side
from toolkit.demo_org.company.org_side import seed

__all__ = ["customer_side", "seed"]
