"""From two sides that differ to a reviewed plan, a commit of exactly that plan, and the way back.

The core is pure: `merge` decides field by field, `preflight` judges what Salesforce would refuse, `cost` predicts what
a commit spends, `plan` puts these together under a digest, `undo` makes a plan out of a journal. The shell is `commit`,
which writes, and `recovery`, which settles what a crash left open.
"""
