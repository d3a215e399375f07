"""Joins that bring in what was not known yet, and columns made of what comes later in the row's own life."""

import numpy as np
import pandas as pd
import polars as pl
from tests.leaks import data
from tests.leaks.case import leaky


@leaky("as-of", "temperature", data.rides_weather)
def nearest_weather(trips, weather):
    weather = weather[["hour", "temperature"]].sort_values("hour")
    joined = pd.merge_asof(
        trips.sort_values("pickup_at"), weather, left_on="pickup_at", right_on="hour", direction="nearest"
    )
    return joined.drop(columns="hour")


@leaky("as-of", "rain_mm wind", data.rides_weather)
def forward_weather(trips, weather):
    return pd.merge_asof(
        trips.sort_values("pickup_at"),
        weather.sort_values("hour").drop(columns="temperature"),
        left_on="pickup_at",
        right_on="hour",
        direction="forward",
    ).drop(columns="hour")


@leaky("as-of", "temperature rain_mm wind", data.rides_weather)
def weather_of_the_hour_that_has_not_ended(trips, weather):
    trips["hour"] = trips["pickup_at"].dt.floor("h")
    return trips.merge(weather, on="hour", how="left")


@leaky("as-of", "temperature", data.rides_weather)
def backward_join_on_the_start_of_the_hour(trips, weather):
    """Backward, and still too early: the record of an hour is complete when it has ended."""
    weather = weather[["hour", "temperature"]]
    return pd.merge_asof(trips.sort_values("pickup_at"), weather, left_on="pickup_at", right_on="hour")


@leaky("as-of", "temperature", data.rides_weather)
def local_hours_against_utc(trips, weather):
    """The pick-ups are UTC, the weather is taken for New York's: five hours of foresight."""
    weather = weather.assign(hour=weather["hour"] - pd.Timedelta(hours=5))
    trips["hour"] = trips["pickup_at"].dt.floor("h") - pd.Timedelta(hours=1)
    return trips.merge(weather[["hour", "temperature"]], on="hour", how="left")


@leaky("as-of", "rain_mm", data.rides_weather)
def polars_nearest_weather(trips, weather):
    left, right = pl.from_pandas(trips).sort("pickup_at"), pl.from_pandas(weather).sort("hour")
    return left.join_asof(
        right.select("hour", "rain_mm"), left_on="pickup_at", right_on="hour", strategy="nearest"
    ).drop("hour", strict=False)


@leaky("as-of", "rain_today", data.rides_weather)
def rain_of_the_whole_day(trips, weather):
    daily = weather.groupby(weather["hour"].dt.normalize())["rain_mm"].sum().rename("rain_today")
    return trips.assign(date=trips["pickup_at"].dt.normalize()).merge(
        daily, left_on="date", right_index=True, how="left"
    )


@leaky("as-of", "temp_anomaly", data.rides_weather)
def anomaly_against_the_mean_of_the_period(trips, weather):
    weather["temp_anomaly"] = weather["temperature"] - weather["temperature"].mean()
    trips["hour"] = trips["pickup_at"].dt.floor("h") - pd.Timedelta(hours=1)
    return trips.merge(weather[["hour", "temp_anomaly"]], on="hour", how="left")


@leaky("as-of own-label", "tip_share", data.rides)
def tip_as_a_share_of_the_fare(trips):
    return trips.assign(tip_share=trips["tip"] / trips["fare"])


@leaky("as-of own-label", "minutes kmh", data.rides)
def duration_of_a_trip_that_has_not_begun(trips):
    trips["minutes"] = (trips["dropoff_at"] - trips["pickup_at"]).dt.total_seconds() / 60
    trips["kmh"] = trips["distance_km"] / trips["minutes"] * 60
    trips["night"] = trips["pickup_at"].dt.hour.isin([22, 23, 0, 1, 2, 3, 4, 5])
    return trips


@leaky("as-of own-label", "loss_rate", data.loans)
def recovery_of_a_loan_just_issued(loans):
    loans["loss_rate"] = 1 - loans["recovered"] / loans["amount"]
    loans["burden"] = loans["amount"] / loans["income"]
    return loans


@leaky("as-of own-label", "days_open", data.loans)
def polars_days_a_loan_was_open(loans):
    return pl.from_pandas(loans).with_columns(days_open=(pl.col("closed_at") - pl.col("issued_at")).dt.total_days())


@leaky("as-of own-label", "stay sick", data.visits)
def length_of_stay_at_admission(visits):
    visits["stay"] = (visits["discharged_at"] - visits["admitted_at"]).dt.total_seconds() / 86400
    visits["sick"] = (visits["lactate_peak"] > 2).astype(int)
    return visits


@leaky("as-of own-label", "cost_per_age", data.visits)
def numpy_of_late_columns(visits):
    visits["cost_per_age"] = np.log1p(visits["charges"].to_numpy()) / visits["age"].to_numpy()
    return visits


@leaky("as-of own-label", "missing", data.rides)
def whether_a_late_column_is_missing(trips):
    """A rating is missing where the rider did not rate: known after the trip."""
    trips["missing"] = trips["rating"].isna().astype(int)
    return trips


@leaky("as-of", "previous_readmitted", data.visits)
def outcome_of_a_visit_not_yet_known(visits):
    """The patient's last visit, even if its thirty days are not over."""
    visits = visits.sort_values("admitted_at")
    visits["previous_readmitted"] = visits.groupby("patient")["readmitted"].shift(1)
    return visits


@leaky("as-of", "drift", data.sensors)
def failure_flag_before_its_time(readings):
    """Rows before this one, but their flag is known six hours later."""
    readings = readings.sort_values(["machine", "at"])
    readings["drift"] = readings.groupby("machine")["fails"].transform(
        lambda s: s.shift(1).rolling(12, min_periods=1).sum()
    )
    return readings


@leaky("as-of own-label", "spent_before", data.clicks)
def purchases_up_to_and_with_this_one(shown):
    return shown.sort("shown_at").with_columns(spent_before=pl.col("spent").cum_sum().over("user"))


@leaky("as-of", "same_hour_clicks", data.clicks)
def self_join_on_the_hour(shown):
    """Clicks of the user in this hour, but for this impression."""
    hourly = shown.with_columns(hour=pl.col("shown_at").dt.truncate("6h"))
    return hourly.with_columns(same_hour_clicks=pl.col("clicked").sum().over("campaign", "hour") - pl.col("clicked"))
