"""Pages in HTML and Markdown: which of their images lack a text, and where it belongs."""
