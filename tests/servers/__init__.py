"""Real model servers, asked what the app asks: `make servers`. Not part of `make test`.

No weights can be had here, so that the models are made by `tiny.py`: what they say is nonsense, which is all that this
needs. `rows.py` has what is tried on each server, `grammars.py` what is tried on the grammar engines alone.
"""
