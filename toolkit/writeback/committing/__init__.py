"""Commits: exactly the rows of a plan are written, journalled, settled, and accounted for after any crash."""
