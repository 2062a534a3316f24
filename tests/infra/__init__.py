"""What infra/ would create, as the Bicep compiler predicts it; see compiler.py for where that is found."""
