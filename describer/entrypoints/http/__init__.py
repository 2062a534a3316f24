"""Pictures described over HTTP. Read routes.py for what is answered, door.py for what every call passes first."""
