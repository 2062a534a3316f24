"""A development host that emulates the Functions host around Microsoft's own worker library.

It proves that the app indexes, that bindings decode, that functions run as the worker runs them, and how their failures
are answered. It does not prove the real host, its scaling, its keys, gRPC, or Event Grid itself.

    worker.py       drives azure_functions_runtime in this process: index, invoke
    listener.py     listens to one queue: batches, hiding, retries, poison
    triggers.py     what the storage extension does with a trigger: from a queue's message to a call of a function
    eventgrid.py    what the Event Grid extension does: from a request to a call for each event
    httptriggers.py what the host does with HTTP triggers: routes, keys, whole requests and answers
    templates.py    matches routes
    forward.py      the same for apps that import the streaming extension
    mcptools.py     what the MCP extension does with tools
    payloads.py     reads messages, URLs and paths
    connections.py  app settings to SDK clients
    options.py      host.json
    logs.py         output
    server.py       HTTP: the webhooks and the status
    __main__.py     the command

Not built: `functionTimeout`, retry policies, output bindings, the timer trigger, and what the modules name. A
trigger gets its place in triggers.py (what listens) or server.py (what is called over HTTP).
"""
