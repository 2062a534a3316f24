"""Whether an installation works: health checks and the smoke test."""
