"""One read model rendered in the formats that trial databases read; no query and no HTTP here."""
