"""The app on Microsoft's own trigger extensions and on their stand-in, with a movable clock for Azurite.

    clock.cjs      moves Azurite's clock
    gate.py        a proxy to the host account's queues that can be closed
    worker.py      the app in Microsoft's worker library, called by either program
    disturbance.py disturbs all parts at once
    waiting.py     waits for conditions
    platform.py    all parts, restarted when they end, as the platform does

Tests on Microsoft's extensions skip where WEBJOBS_HOST does not name the program that runs them.
"""
