"""Pictures, descriptions, records, and the rules on who may change them. No I/O, no SDK."""
