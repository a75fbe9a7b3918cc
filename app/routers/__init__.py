"""HTTP edges: parse, call one verb or query, render. No SQL, no rule and no permission here."""
