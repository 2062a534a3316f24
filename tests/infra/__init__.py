"""Tests of what infra/ would create, by the Bicep compiler's prediction; see compiler.py for where that is found."""
