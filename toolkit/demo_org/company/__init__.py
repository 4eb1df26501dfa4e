"""The sample company: a made-up seller of business software, its customers, and how they are doing.

`seed` fills an org with it. The files the company keeps on the customer side are made by
`toolkit.demo_org.company.files`, out of the same customers.
"""

from toolkit.demo_org.company.org_side import seed

__all__ = ["seed"]
