"""Stands in for Event Grid: a system topic of one storage account, with one subscription.

    __main__.py      the command: follows Azurite's access log, passes each change to the subscription
    events.py        the formats: Event Grid's schema and CloudEvents 1.0
    subscription.py  filters and retries
    destinations.py  a webhook with its handshake, or a storage queue

Differences from the service: the event of a blob that is replaced at once has its newest ETag and size; failed
deliveries are retried sooner (half a second to 30 s; Event Grid: 10 s to 12 h); there is no dead letter, only a
line in the log; events are never lost, doubled or reordered by the service itself. The same: the handshakes, the
filters, the formats, one event a request, 30 tries, and that 400, 401, 403 and 413 are never retried
(https://learn.microsoft.com/azure/event-grid/delivery-and-retry). There is no `BlobRenamed`, which needs a
hierarchical namespace.
"""

ACTIVE = "The subscription is active"  # the line that local/stack.py waits for
