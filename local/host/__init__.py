"""A development host that emulates the Functions host around Microsoft's own worker library.

It proves that the app indexes, that bindings decode, that functions run as the worker runs them, and how their failures
are answered. It does not prove the real host, its scaling, its keys, gRPC, or Event Grid itself.

    worker.py       drives azure_functions_runtime in this process: index, invoke
    calls.py        from a trigger of the extensions (local/extensions) to a call of it
    program.py      Microsoft's own extensions in place of local/extensions
    httptriggers.py what the host does with HTTP triggers: routes, keys, whole requests and answers
    templates.py    matches routes
    forward.py      the same for apps that import the streaming extension
    mcptools.py     what the MCP extension does with tools
    options.py      host.json
    logs.py         output
    server.py       HTTP: triggers, webhooks, status
    __main__.py     the command

Not built: `functionTimeout`, retry policies, output bindings, the timer trigger, and what the modules name. A trigger
that listens gets its place in local/extensions, one that is called over HTTP in server.py.
"""
