"""Pictures that were in storage before the app was, or whose record is out of date: count them, price them, queue them.

library.py      what storage lists of a picture, and the ports
selection.py    which of these a sweep describes
counted.py      what was counted so far, and the preview that comes of it
preview.py      counts, tokens, money and time, before anything is asked of the model
state.py        what a sweep was asked and how far it is; kept in storage, so that a killed one goes on
sweeper.py      queues a sweep's pictures as fast as the app describes them, within its cap
"""
