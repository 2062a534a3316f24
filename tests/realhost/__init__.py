"""The app on Microsoft's own trigger extensions, by the program that WEBJOBS_HOST names, with Azurite's clock in hand.

    clock.cjs      moves Azurite's clock
    gate.py        a way to the host account's queues that can be closed
    worker.py      the app in Microsoft's worker library, called by the program
    platform.py    all of it together, started again when it ends, as the platform does

Tests skip where WEBJOBS_HOST is not set.
"""
