"""Turns any picture's bytes into the image that the model gets. The only user of the image libraries."""
