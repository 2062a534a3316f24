"""Pictures by URL. Read urls.py for what may be asked, addresses.py for whom, fetch.py for how."""
