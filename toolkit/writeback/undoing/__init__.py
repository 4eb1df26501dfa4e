"""Undo: the plan that takes back a commit, or a part of it, and what of it has no way back."""
