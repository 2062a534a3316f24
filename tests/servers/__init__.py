"""Runs the app's requests on real model servers: `make servers`. Not part of `make test`.

`tiny.py` makes models with random weights, whose nonsense is sufficient. `rows.py` has the tests for each server,
`grammars.py` those for the grammar engines alone.
"""
