"""Events of uploads, and messages of the queues."""
