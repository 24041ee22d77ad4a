"""A simulated audience: two believable years written as facts, with the truth kept apart.

Every rule and number is in `rules`, explained in docs/simulator.md.
"""
