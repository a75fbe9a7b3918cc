"""Studies: one folder each, read by app.domain.study; no code lives here."""
