"""The web page on everything the ledger knows. (Not there yet.)"""
