"""Where a value came from: by which rule, in which run, from whom (BEY-14)."""
