"""Programs that azd runs before and after its commands: see azure.yaml."""
