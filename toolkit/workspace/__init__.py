"""The workspace: the object an admin holds. Each part of it is a class in a file of its own, built on the one before.

    view       what is read from the mapping file and the store, with no org
    connected  opening and closing, the org, the mapping
    records    one record at a time: look, edit, enter, lineage
    matching   which record is which; what a person decides about pairs
    review     plans waiting: decide, leave rows out, compare, hand over, approve
    plans      plan, commit, resume, undo, retry, rehearse
    structure  fields, merges and deletes in Salesforce, by plan
    repairs    broken and doubled pairings, mended by proposal
    workspace  the whole: the steps that read and score, and the jobs

A method belongs to the class of its subject.
"""

from toolkit.workspace.workspace import DEMO_FOLDER, Workspace

__all__ = ["DEMO_FOLDER", "Workspace"]
