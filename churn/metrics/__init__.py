"""Figures that a finance person signs: each defined once, as Ibis expressions over the facts.

`definitions` names the figures (pure data), `figures` computes them, `refresh` keeps them in the
database, `read` is what pages read. Only the last and the first may be imported by a web worker.
"""
