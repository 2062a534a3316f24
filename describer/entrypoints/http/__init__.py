"""The HTTP interface. routes.py has the handlers, middleware.py what every call passes first."""
