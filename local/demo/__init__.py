"""`make demo`: describes a folder of pictures from end to end on this machine, and shows the results."""
