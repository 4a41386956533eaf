"""Tables of English words. Data only: what is done with them stands in the modules beside this package."""
