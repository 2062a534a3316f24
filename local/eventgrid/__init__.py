"""Stands in for Event Grid: a system topic of one storage account, with one subscription.

    __main__.py      the command: follows Azurite's access log, tells the subscription of each change
    events.py        the shapes: Event Grid's schema and CloudEvents 1.0
    subscription.py  what is delivered, and when it is tried again
    destinations.py  where to: a webhook with its handshake, or a storage queue

What differs from the service: a blob that is replaced at once is told of with its newest ETag and size; failed
deliveries are tried again sooner (half a second to 30 s; Event Grid: 10 s to 12 h); there is no dead letter, only a
line in the log; events are never lost, doubled or reordered by the service itself. What is the same: the handshakes,
the filters, the shapes, one event a request, 30 tries, and that 400, 401, 403 and 413 are never tried again
(https://learn.microsoft.com/azure/event-grid/delivery-and-retry). `BlobRenamed` does not happen here: it belongs to
hierarchical namespaces, which Azurite does not have.
"""

ACTIVE = "The subscription is active"  # what local/stack.py waits for
