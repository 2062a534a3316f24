"""Programs that azd runs before and after it works: see azure.yaml."""
