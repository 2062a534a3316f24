"""How work comes in, and what a caller gets."""
