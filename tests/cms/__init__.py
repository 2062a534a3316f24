"""The recipes of samples/cms, by documented exchanges (pytest), and with real content systems from npm (`make cms`)."""
