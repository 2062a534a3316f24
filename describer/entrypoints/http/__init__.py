"""Pictures described over HTTP. Read routes.py for what is answered, middleware.py for what every call passes first."""
