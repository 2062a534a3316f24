"""Stands in for Microsoft's storage and Event Grid extensions: from queues and webhooks to calls of functions.

Each behaviour is in one module, and has a row in tests/contracts/extensions that also passes on Microsoft's packages:

    storage.py      requests to storage: six tries, logging, and the meaning of each response
    listener.py     polls queues: when, how many messages, and the faults that end the host
    messages.py     settles messages: call, delete, release, move to poison, leave hidden
    queues.py       queue triggers: unreadable messages, and the function's data
    announced.py    blob triggers, part 1: from an event to a message on the internal queue
    blobs.py        blob triggers, part 2: from that message to a call
    properties.py   a blob's properties as the .NET client writes them
    eventgrid.py    Event Grid triggers: each event of a request is a call
    webhooks.py     the two webhooks and their handshakes
    invocation.py   calls a function, logs, and decides if it failed
    functions.py    reads triggers from function.json
    connections.py  makes SDK clients from app settings
    options.py      host.json
    running.py      all triggers of an app: start, end by a fault, stop
    logs.py         output
    __main__.py     the command, with the arguments of the program with Microsoft's packages

The development host (local/host) runs it in its own process, and calls Microsoft's worker library.
"""
