"""Contracts as data."""

from datetime import timedelta

import msgspec

from penstock.model.contract import Contract


def test_a_contract_can_be_written_down() -> None:
    contract = Contract(
        key=("origin", "hour"),
        time="hour",
        known_at={"*": timedelta(hours=1), "dep_delay": "dep_time"},
        label=("y",),
    )
    assert msgspec.json.decode(msgspec.json.encode(contract)) == {
        "key": ["origin", "hour"],
        "time": "hour",
        "known_at": {"*": "PT3600S", "dep_delay": "dep_time"},
        "label": ["y"],
    }


def test_contracts_do_not_share_what_is_empty() -> None:
    Contract().known_at["x"] = "y"
    assert Contract().known_at == {}
