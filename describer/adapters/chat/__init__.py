"""The model, over the Chat Completions protocol."""
