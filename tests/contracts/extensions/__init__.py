"""Behaviours of Microsoft's extensions with queues, blobs and events, as rows that pass on them and the stand-in.

    *.toml          the rows: given, when, then; with version and source
    rows.py         reads them
    world.py        shared by rows: Azurite, identity, the functions' worker, a proxy for storage's faults
    scene.py        plays one row
    seen.py         compares observations with `then`
    programs.py     the stand-in, and the program that runs the packages
    __main__.py     runs rows by hand, and prints the table

Each row has its own storage accounts, so names need not be unique.
"""
