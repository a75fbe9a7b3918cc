"""The command line's families of commands; `app/__main__.py` puts them together."""
