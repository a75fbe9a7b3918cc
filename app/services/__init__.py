"""Use cases: a module is a noun, a function a verb given a session, an actor and the present."""
