"""The way of one row through every step. (Not there yet.)"""
