"""The trail as a flat file: one row a change, the words beside the codes and the proof at the end.

The same changes as NDJSON are the items of the feed, written by `changes`.
"""

TRAIL_COLUMNS = (
    *("seq", "stream", "no", "at_utc", "at_local"),
    *("person_id", "person", "role", "organisation"),
    *("kind", "what", "study_code", "site", "record_kind", "record_id", "version", "diary_on"),
    *("changed", "reason", "texts", "details", "change_id", "prev_hash", "hash"),
)
"""`person` is a name for people's eyes; `texts` and `details` are JSON."""
