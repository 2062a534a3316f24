"""Fetches pictures by URL. urls.py checks URLs, public_ip.py addresses; fetch.py sends the requests."""
