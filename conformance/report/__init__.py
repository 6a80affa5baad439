"""Reports: each module makes one form from the results alone."""
