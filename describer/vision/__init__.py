"""The model's input, its cost, and the checks on its answers."""
