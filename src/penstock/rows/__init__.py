"""Row identity and accounting between steps. (Not there yet.)"""
