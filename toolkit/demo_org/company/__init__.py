"""The sample company: what fills a demo org, and the customer-side files that go with it."""
