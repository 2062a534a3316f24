"""A door that speaks OpenAI's language: other programs ask the model, and their pictures are made small on the way."""
