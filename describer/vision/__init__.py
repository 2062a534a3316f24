"""What the model is shown and asked, what that costs, and whether its answer will do."""
