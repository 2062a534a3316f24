"""What Microsoft's extensions do with queues, blobs and events, as rows of data that hold on them and on the stand-in.

    *.toml          the rows: given, when, then; with version and source
    rows.py         reads them
    world.py        what rows share: Azurite, identity, the functions' worker, a proxy that gives storage's faults
    scene.py        plays one row
    seen.py         what was seen, compared with `then`
    programs.py     the stand-in, and the program that runs the packages
    __main__.py     runs rows by hand, and prints the table

A row is short, because names need not be unique: each row has storage accounts of its own.
"""
