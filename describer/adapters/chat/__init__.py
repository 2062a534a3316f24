"""The adapter to the model: Chat Completions."""
