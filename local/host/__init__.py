"""A development host that emulates the Functions host around Microsoft's own worker library.

It proves that the app indexes, that bindings decode, that functions run in the worker, and how failures are answered.
It proves nothing about the real host's scaling, keys and gRPC, or about Event Grid.

    worker.py       drives azure_functions_runtime in this process: index, invoke
    calls.py        calls the worker for triggers of local/extensions
    program.py      Microsoft's own extensions in place of local/extensions
    httptriggers.py HTTP triggers: routes, keys, whole requests and answers
    templates.py    matches routes
    forward.py      HTTP triggers of apps that import the streaming extension
    mcptools.py     tools of the MCP extension
    options.py      host.json
    logs.py         output
    server.py       HTTP: triggers, webhooks, status
    __main__.py     the command

Missing: `functionTimeout`, retry policies, output bindings, the timer trigger, and what the modules name. A trigger
that listens belongs to local/extensions, one that is called over HTTP to server.py.
"""
