"""Whether an answer of the model will do as a description."""
