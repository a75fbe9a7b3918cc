"""What is true in any diary: standard library and pydantic only, the present an argument."""
