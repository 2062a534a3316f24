"""Finds images without a text in HTML and Markdown pages, and where to insert it."""
