"""From any picture's bytes to the image that the model is shown. The only user of the image libraries."""
