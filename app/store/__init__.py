"""Everything that imports SQLAlchemy: tables, sessions and the named queries of each noun."""
