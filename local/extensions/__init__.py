"""Stands in for Microsoft's storage and Event Grid extensions: from queues and webhooks to calls of functions.

Each behaviour has one place, and a row in tests/contracts/extensions that holds here and on Microsoft's own packages:

    storage.py      one request to storage: six tries, what is logged, which answers mean what
    listener.py     when a queue is looked at, how much is taken, what ends the host
    messages.py     what becomes of a message: called, deleted, released, moved to poison, left hidden
    queues.py       queue triggers: what is unreadable, what a function is told
    announced.py    blob triggers, first half: from an event to a message on the internal queue
    blobs.py        blob triggers, second half: from that message to a call
    properties.py   a blob's properties as the .NET client writes them
    eventgrid.py    Event Grid triggers: each event of a request is a call
    webhooks.py     the two webhooks and their handshakes
    invocation.py   one call of a function: what is logged, what counts as failed
    functions.py    what a function waits for
    connections.py  app settings to SDK clients
    options.py      host.json
    running.py      all of an app's triggers: started, ended by a fault, stopped
    logs.py         output
    __main__.py     the command, with the arguments of the program that runs Microsoft's packages

The development host (local/host) runs it in its own process, with Microsoft's worker library as what is called.
"""
