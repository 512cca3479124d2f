"""One file per claim; each runs a peer beside us and writes ``out/<file>.json``.

``python -m benchmarks`` runs them all. They are no gate: what they print is for people.
"""
