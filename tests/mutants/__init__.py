"""Puts faults into the code and checks that the tests find them."""
