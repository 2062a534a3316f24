"""Infrastructure: Bicep, azd's hooks, and costs. None of it is deployed with the app."""
