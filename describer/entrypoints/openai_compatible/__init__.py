"""An interface with OpenAI's protocol: other programs call the model through it, with their pictures made small."""
