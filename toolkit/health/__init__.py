"""The health score: how it is worked out, shown, explained, and what deserves attention first."""
