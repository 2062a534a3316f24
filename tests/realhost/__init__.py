"""The app on Microsoft's own trigger extensions and on their stand-in, with Azurite's clock in hand.

    clock.cjs      moves Azurite's clock
    gate.py        a way to the host account's queues that can be closed
    worker.py      the app in Microsoft's worker library, called by either program
    disturbance.py disturbs all of it at once
    waiting.py     waits for what it comes to
    platform.py    all of it together, started again when it ends, as the platform does

Tests on Microsoft's extensions skip where WEBJOBS_HOST does not name the program that runs them.
"""
