"""What looks guilty and is not, in time: windows that end before the row, causal filters, events that have happened."""

import numpy as np
import pandas as pd
import polars as pl
from scipy import signal
from tests.leaks import data
from tests.leaks.case import clean

# --- windows that end before the row


@clean(data.demand)
def shifted_rolling_mean(sales):
    sales = sales.sort_values(["store", "day"])
    sales["level"] = sales.groupby("store")["units"].transform(lambda s: s.shift(1).rolling(7, min_periods=1).mean())
    return sales


@clean(data.demand)
def closed_left(sales):
    sales = sales.sort_values(["store", "day"]).set_index("day")
    sales["level"] = sales.groupby("store")["units"].transform(lambda s: s.rolling("7D", closed="left").mean())
    return sales.reset_index()


@clean(data.demand)
def expanding_then_shift(sales):
    sales = sales.sort_values(["store", "day"])
    sales["so_far"] = sales.groupby("store")["units"].transform(lambda s: s.expanding().mean().shift(1))
    return sales


@clean(data.demand)
def polars_shift_over(sales):
    return (
        pl.from_pandas(sales)
        .sort("store", "day")
        .with_columns(
            lag1=pl.col("units").shift(1).over("store"),
            lag7=pl.col("units").shift(7).over("store"),
            level=pl.col("units").shift(1).rolling_mean(7, min_samples=1).over("store"),
        )
    )


@clean(data.demand)
def exponential_average_of_the_past(sales):
    sales = sales.sort_values(["store", "day"])
    sales["ewm"] = sales.groupby("store")["units"].transform(lambda s: s.ewm(halflife=5).mean().shift())
    return sales


@clean(data.demand)
def record_so_far(sales):
    sales = sales.sort_values(["store", "day"])
    sales["record"] = sales.groupby("store")["units"].transform(lambda s: s.shift(1).cummax())
    sales["price_low"] = sales.groupby("store")["price"].cummin()
    return sales


@clean(data.demand)
def same_weekday_a_week_ago_across_gaps(sales):
    """By the calendar, not by counting rows: where a day is missing, nothing is known."""
    ago = sales[["store", "day", "units"]].assign(day=sales["day"] + pd.Timedelta(days=7))
    return sales.merge(ago.rename(columns={"units": "week_ago"}), on=["store", "day"], how="left")


@clean(data.prices)
def rolling_skew_and_kurtosis(bars):
    """Numerically noisy, by running sums."""
    bars = bars.sort_values(["ticker", "day"])
    change = bars.groupby("ticker")["close"].pct_change()
    for name in ("skew", "kurt", "std"):
        bars[name] = change.groupby(bars["ticker"]).transform(lambda s, name=name: getattr(s.rolling(20), name)())
    return bars


@clean(data.prices)
def rolling_correlation(bars):
    bars = bars.sort_values(["ticker", "day"]).reset_index(drop=True)
    bars["corr"] = np.nan
    for _, one in bars.groupby("ticker"):
        bars.loc[one.index, "corr"] = one["close"].rolling(15).corr(one["volume"])
    return bars


@clean(data.prices)
def drawdown(bars):
    bars = bars.sort_values(["ticker", "day"])
    bars["drawdown"] = bars["close"] / bars.groupby("ticker")["close"].cummax() - 1
    bars["return"] = bars.groupby("ticker")["close"].pct_change()
    return bars


@clean(data.prices)
def expanding_zscore(bars):
    bars = bars.sort_values(["ticker", "day"])
    grouped = bars.groupby("ticker")["volume"]
    mean, std = (grouped.transform(lambda s, how=how: getattr(s.expanding(10), how)()) for how in ("mean", "std"))
    return bars.assign(z=(bars["volume"] - mean) / std)


@clean(data.prices)
def expanding_rank(bars):
    bars = bars.sort_values(["ticker", "day"])
    bars["rank"] = bars.groupby("ticker")["close"].transform(lambda s: s.expanding().rank(pct=True))
    return bars


@clean(data.prices)
def macd_and_rsi(bars):
    bars = bars.sort_values(["ticker", "day"])
    grouped = bars.groupby("ticker")["close"]
    bars["macd"] = grouped.transform(lambda s: s.ewm(span=12).mean() - s.ewm(span=26).mean())
    change = grouped.diff()
    up = change.clip(lower=0).groupby(bars["ticker"]).transform(lambda s: s.ewm(alpha=1 / 14).mean())
    down = (-change).clip(lower=0).groupby(bars["ticker"]).transform(lambda s: s.ewm(alpha=1 / 14).mean())
    bars["rsi"] = 100 - 100 / (1 + up / down)
    return bars


# --- filters that are causal


@clean(data.sensors)
def one_way_filter(readings):
    b, a = signal.butter(2, 0.2)
    readings["smooth"] = readings.groupby("machine")["vibration"].transform(lambda s: signal.lfilter(b, a, s))
    return readings


@clean(data.sensors)
def convolution_by_fft_with_a_causal_kernel(readings):
    kernel = np.exp(-np.arange(30) / 8)
    readings["smooth"] = readings.groupby("machine")["vibration"].transform(
        lambda s: signal.fftconvolve(s, kernel, mode="full")[: len(s)]
    )
    return readings


@clean(data.sensors)
def causal_fir_by_numpy(readings):
    kernel = np.hanning(9) / np.hanning(9).sum()
    readings["smooth"] = readings.groupby("machine")["rpm"].transform(lambda s: np.convolve(s, kernel)[: len(s)])
    return readings


@clean(data.sensors)
def forward_filled(readings):
    readings = readings.sort_values(["machine", "at"])
    readings["temperature"] = readings.groupby("machine")["temperature"].ffill()
    readings["was_missing"] = readings["temperature"].isna()
    return readings


@clean(data.sensors)
def kalman_by_hand(readings):
    readings = readings.sort_values(["machine", "at"]).reset_index(drop=True)
    readings["level"] = 0.0
    for _, one in readings.groupby("machine"):
        level, spread, out = 60.0, 10.0, []
        for seen in one["temperature"]:
            spread += 0.1
            if not np.isnan(seen):
                gain = spread / (spread + 1)
                level, spread = level + gain * (seen - level), (1 - gain) * spread
            out.append(level)
        readings.loc[one.index, "level"] = out
    return readings


@clean(data.sensors)
def windowed_spectrum(readings):
    """The energy of the last 16 readings above a quarter of the rate, with a Fourier transform of each window."""
    readings = readings.sort_values(["machine", "at"])

    def energy(values):
        return float((np.abs(np.fft.rfft(values - values.mean()))[4:] ** 2).sum())

    readings["energy"] = readings.groupby("machine")["vibration"].transform(
        lambda s: s.rolling(16).apply(energy, raw=True)
    )
    return readings


@clean(data.sensors)
def failures_known_by_now(readings):
    """The flag of a reading is known six hours later, and waits for that."""
    known = readings[["machine", "at", "fails"]].assign(at=readings["at"] + pd.Timedelta(hours=6)).sort_values("at")
    known["failures"] = known.groupby("machine")["fails"].cumsum()
    return pd.merge_asof(readings.sort_values("at"), known[["machine", "at", "failures"]], on="at", by="machine")


@clean(data.sensors)
def minutes_since_it_was_hot(readings):
    readings = readings.sort_values(["machine", "at"])
    hot = readings["at"].where(readings["temperature"] > 63)
    readings["since_hot"] = (readings["at"] - hot.groupby(readings["machine"]).ffill()).dt.total_seconds() / 60
    return readings


# --- joins and counts of what has happened


@clean(data.rides)
def fares_that_were_known(trips):
    """The newest fare of the zone among the trips that had arrived."""
    arrived = (
        trips[["dropoff_at", "zone", "fare"]]
        .sort_values("dropoff_at", kind="stable")
        .rename(columns={"fare": "last_fare"})
    )
    return pd.merge_asof(
        trips.sort_values("pickup_at"),
        arrived.rename(columns={"dropoff_at": "arrived"}),
        left_on="pickup_at",
        right_on="arrived",
        by="zone",
    ).drop(columns="arrived")


@clean(data.rides)
def mean_rating_of_the_driver_so_far(trips):
    rated = trips.dropna(subset="rating").sort_values("dropoff_at", kind="stable")
    rated["driver_rating"] = rated.groupby("driver")["rating"].transform(lambda s: s.expanding().mean())
    return pd.merge_asof(
        trips.sort_values("pickup_at"),
        rated[["dropoff_at", "driver", "driver_rating"]].rename(columns={"dropoff_at": "rated_at"}),
        left_on="pickup_at",
        right_on="rated_at",
        by="driver",
    ).drop(columns="rated_at")


@clean(data.rides_polars)
def polars_asof_backward(trips):
    arrived = trips.select(arrived="dropoff_at", zone="zone", tip_before=pl.col("tip")).sort("arrived")
    joined = trips.sort("pickup_at").join_asof(
        arrived, left_on="pickup_at", right_on="arrived", by="zone", check_sortedness=False
    )
    return joined.drop("arrived")


@clean(data.rides)
def earlier_trips_of_the_rider(trips):
    trips = trips.sort_values("pickup_at")
    trips["earlier"] = trips.groupby("rider").cumcount()
    trips["since_last"] = trips.groupby("rider")["pickup_at"].diff().dt.total_seconds()
    return trips


@clean(data.rides_weather)
def weather_of_the_hour_before(trips, weather):
    trips["hour"] = trips["pickup_at"].dt.floor("h") - pd.Timedelta(hours=1)
    return trips.merge(weather, on="hour", how="left")


@clean(data.rides_weather)
def weather_when_it_is_known(trips, weather):
    weather = weather.assign(known=weather["hour"] + pd.Timedelta(hours=1)).drop(columns="hour").sort_values("known")
    return pd.merge_asof(
        trips.sort_values("pickup_at"), weather, left_on="pickup_at", right_on="known", tolerance=pd.Timedelta("6h")
    )


@clean(data.rides_weather)
def rain_of_yesterday(trips, weather):
    daily = weather.groupby(weather["hour"].dt.normalize())["rain_mm"].sum().rename("rain_yesterday")
    trips["date"] = trips["pickup_at"].dt.normalize() - pd.Timedelta(days=1)
    return trips.merge(daily, left_on="date", right_index=True, how="left")


@clean(data.rides_polars)
def window_of_polars_closed_left(trips):
    return trips.sort("pickup_at").with_columns(
        surge_2h=pl.col("surge").rolling_mean_by("pickup_at", window_size="2h", closed="left"),
        trips_2h=pl.col("surge")
        .is_not_null()
        .cast(pl.Int64)
        .rolling_sum_by("pickup_at", window_size="2h", closed="left"),
    )


@clean(data.rides_polars)
def means_of_hours_that_ended(trips):
    hourly = (
        (trips.sort("pickup_at").group_by_dynamic("pickup_at", every="1h").agg(hour_surge=pl.col("surge").mean()))
        .with_columns(hour=pl.col("pickup_at").dt.offset_by("1h"))
        .drop("pickup_at")
    )
    return trips.with_columns(hour=pl.col("pickup_at").dt.truncate("1h")).join(hourly, on="hour", how="left")


@clean(data.clicks)
def clicks_half_an_hour_later(shown):
    events = shown.select("user", known=pl.col("shown_at") + pl.duration(minutes=30), clicks="clicked").sort("known")
    events = events.with_columns(clicks=pl.col("clicks").cum_sum().over("user"))
    return (
        shown.sort("shown_at")
        .join_asof(events, left_on="shown_at", right_on="known", by="user", check_sortedness=False)
        .with_columns(pl.col("clicks").fill_null(0))
        .drop("known")
    )


@clean(data.clicks)
def hour_in_another_zone(shown):
    local = pl.col("shown_at").dt.convert_time_zone("America/New_York")
    return shown.with_columns(hour=local.dt.hour(), weekday=local.dt.weekday(), weekend=local.dt.weekday() > 5)


@clean(data.visits)
def earlier_visits_that_are_over(visits):
    """Charges of the patient's visits that had ended at admission, pair by pair."""
    pairs = visits.merge(visits[["patient", "discharged_at", "charges"]], on="patient", suffixes=("", "_then"))
    pairs = pairs[pairs["discharged_at_then"] <= pairs["admitted_at"]]
    spent = pairs.groupby("visit_id")["charges_then"].agg(["sum", "count"]).add_prefix("earlier_")
    return visits.merge(spent, left_on="visit_id", right_index=True, how="left")


@clean(data.loans)
def default_rate_of_the_grade_among_closed_loans(loans):
    closed = loans.sort_values("closed_at", kind="stable")
    closed["grade_rate"] = closed.groupby("grade")["defaulted"].transform(lambda s: s.expanding().mean())
    return pd.merge_asof(
        loans.sort_values("issued_at"),
        closed[["closed_at", "grade", "grade_rate"]].rename(columns={"closed_at": "closed"}),
        left_on="issued_at",
        right_on="closed",
        by="grade",
    ).drop(columns="closed")
