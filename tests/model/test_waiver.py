from datetime import date

import msgspec

from penstock.model.waiver import Waived, Waiver


def test_waivers_travel_with_their_day() -> None:
    one = Waived(Waiver("as-of", "features", "known", date(2027, 3, 31), "flights.py:3"), "expired", 2, "Mend it.")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Waived) == one
