"""Simulated people who keep the diary: behaviours and a clock of their own, driving the services.

Nothing here writes a row: people are invited, join, save, correct, travel and withdraw through the
same verbs as everybody, with `now` taken from the simulated clock. The rule kept: the same seed
gives the same lives, and what was made up is labelled as simulated in the record itself.
"""
