"""Infrastructure: Bicep, hooks of azd, and what it costs. Nothing of this is deployed with the app."""
