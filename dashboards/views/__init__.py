"""The dashboard's views, one a file: functions of a snapshot and the reader's filters that return Panel objects."""
