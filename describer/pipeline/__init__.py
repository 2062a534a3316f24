"""Takes a picture from its blob to a stored, published and marked description, safe against races."""
