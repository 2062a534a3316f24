"""Backfills: count, price and queue stored pictures without a current record.

library.py      lists pictures with facts about their records; the ports
selection.py    selects the pictures to describe
counted.py      counts the listed pictures, and makes the preview
preview.py      estimates tokens, money and time before the model is asked
state.py        the options and progress of a backfill, stored so that an interrupted one can continue
backfiller.py   queues a backfill's pictures as fast as the app describes them, within its limits
"""
