"""Features that look ahead in time: windows, fills, filters, ranks and totals over more than was known."""

import numpy as np
import pandas as pd
import polars as pl
from scipy import fft, ndimage, signal
from tests.leaks import data
from tests.leaks.case import leaky

# --- windows


@leaky("as-of", "temp_week", data.demand)
def centred_temperature(sales):
    sales = sales.sort_values(["store", "day"])
    sales["temp_week"] = sales.groupby("store")["temperature"].transform(
        lambda s: s.rolling(7, center=True, min_periods=1).mean()
    )
    return sales


@leaky("as-of own-label", "level", data.demand)
def centred_level_of_the_label(sales):
    out = sales[["store", "day", "price"]].copy()
    out["level"] = sales.groupby("store")["units"].transform(
        lambda s: s.rolling(5, center=True, min_periods=2).median()
    )
    return out


@leaky("as-of", "price_tomorrow price_change", data.demand)
def tomorrows_price(sales):
    df = sales.sort_values(["store", "day"]).copy()
    df["price_tomorrow"] = df.groupby("store")["price"].shift(-1)
    df["price_change"] = df["price_tomorrow"] / df["price"] - 1
    df["promo_yesterday"] = df.groupby("store")["promo"].shift(1)
    return df.drop(columns="units")


@leaky("as-of", "next_surge", data.rides_polars)
def next_surge_of_the_driver(trips):
    return trips.sort("pickup_at").with_columns(next_surge=pl.col("surge").shift(-1).over("driver"))


@leaky("as-of own-label", "mean_so_far", data.demand)
def expanding_without_shift(sales):
    df = sales.sort_values(["store", "day"])
    df["mean_so_far"] = df.groupby("store")["units"].expanding().mean().reset_index(level=0, drop=True)
    return df


@leaky("as-of own-label", "zone_fare_2h", data.rides)
def window_closed_on_both_sides(trips):
    t = trips.sort_values("pickup_at").set_index("pickup_at")
    t["zone_fare_2h"] = t.groupby("zone")["fare"].transform(lambda s: s.rolling("2h", closed="both").mean())
    return t.reset_index()


@leaky("as-of own-label", "fare_3h", data.rides_polars)
def polars_window_with_its_own_row(trips):
    return trips.sort("pickup_at").with_columns(
        fare_3h=pl.col("fare").rolling_mean_by("pickup_at", window_size="3h", closed="right")
    )


@leaky("as-of", "zone_fare_last5", data.rides)
def fares_of_trips_still_under_way(trips):
    """The last five trips of the zone, though some of them have not arrived yet."""
    trips = trips.sort_values("pickup_at")
    trips["zone_fare_last5"] = trips.groupby("zone")["fare"].transform(
        lambda s: s.shift(1).rolling(5, min_periods=1).mean()
    )
    return trips


@leaky("as-of", "surge_next_3h", data.rides_polars)
def window_ahead(trips):
    ahead = (
        trips.sort("pickup_at").rolling("pickup_at", period="3h", offset="0h").agg(surge_next_3h=pl.col("surge").mean())
    )
    return trips.sort("pickup_at").with_columns(ahead["surge_next_3h"])


@leaky("as-of", "vib_mean", data.sensors)
def centred_in_polars_eagerly(readings):
    frame = pl.from_pandas(readings).sort("machine", "at")
    return frame.with_columns(vib_mean=pl.col("vibration").rolling_mean(9, center=True, min_samples=1).over("machine"))


@leaky("as-of", "trend", data.prices)
def ewm_from_the_end(bars):
    bars = bars.sort_values(["ticker", "day"])
    bars["trend"] = bars.groupby("ticker")["close"].transform(lambda s: s[::-1].ewm(span=10).mean()[::-1])
    return bars


@leaky("as-of", "momentum", data.prices)
def momentum_with_the_wrong_sign(bars):
    bars = bars.sort_values(["ticker", "day"]).reset_index(drop=True)
    bars["momentum"] = bars.groupby("ticker")["close"].pct_change(periods=-5)
    return bars


@leaky("as-of", "rolled", data.sensors)
def rolled_array(readings):
    readings = readings.sort_values(["machine", "at"])
    out = []
    for _, one in readings.groupby("machine"):
        out.append(one.assign(rolled=one["vibration"].to_numpy() - np.roll(one["vibration"].to_numpy(), -2)))
    return pd.concat(out)


@leaky("as-of", "min_ahead", data.prices)
def drawdown_by_reversed_cummin(bars):
    bars["min_ahead"] = bars[::-1].groupby("ticker")["low"].cummin()[::-1]
    return bars


@leaky("as-of", "wait", data.rides)
def minutes_until_the_driver_goes_on(trips):
    trips = trips.sort_values("pickup_at")
    trips["wait"] = -trips.groupby("driver")["pickup_at"].diff(-1).dt.total_seconds() / 60
    return trips


# --- fills


@leaky("as-of", "temperature", data.sensors)
def back_filled(readings):
    readings = readings.sort_values(["machine", "at"])
    readings["temperature"] = readings.groupby("machine")["temperature"].bfill()
    return readings


@leaky("as-of", "temperature", data.sensors)
def interpolated_both_ways(readings):
    readings = readings.sort_values(["machine", "at"])
    readings["temperature"] = readings.groupby("machine")["temperature"].transform(
        lambda s: s.interpolate(limit_direction="both")
    )
    return readings


@leaky("as-of", "temperature", data.demand)
def polars_fill_backward(sales):
    return (
        pl.from_pandas(sales)
        .sort("store", "day")
        .with_columns(pl.col("temperature").fill_null(strategy="backward").over("store"))
    )


@leaky("as-of", "temperature", data.demand)
def numpy_interp(sales):
    sales = sales.sort_values(["store", "day"]).reset_index(drop=True)
    for _, index in sales.groupby("store").groups.items():
        values = sales.loc[index, "temperature"].to_numpy()
        seen = ~np.isnan(values)
        sales.loc[index, "temperature"] = np.interp(np.arange(len(values)), np.flatnonzero(seen), values[seen])
    return sales


# --- signals


@leaky("as-of", "smooth", data.prices)
def zero_phase_filter(bars):
    b, a = signal.butter(2, 0.15)
    bars["smooth"] = bars.groupby("ticker")["close"].transform(lambda s: signal.filtfilt(b, a, s))
    return bars


@leaky("as-of", "vib_smooth vib_slope", data.sensors)
def savitzky_golay(readings):
    grouped = readings.groupby("machine")["vibration"]
    readings["vib_smooth"] = grouped.transform(lambda s: signal.savgol_filter(s, 11, 2))
    readings["vib_slope"] = grouped.transform(lambda s: signal.savgol_filter(s, 11, 2, deriv=1))
    return readings


@leaky("as-of test-blind", "lowpass", data.prices)
def fourier_lowpass(bars):
    def lowpass(s):
        spectrum = fft.rfft(s.to_numpy())
        spectrum[12:] = 0
        return pd.Series(fft.irfft(spectrum, len(s)), index=s.index)

    bars["lowpass"] = bars.groupby("ticker")["close"].transform(lowpass)
    return bars


@leaky("as-of test-blind", "envelope", data.sensors)
def hilbert_envelope(readings):
    readings["envelope"] = readings.groupby("machine")["rpm"].transform(lambda s: np.abs(signal.hilbert(s - 1500)))
    return readings


@leaky("as-of", "blurred", data.sensors)
def gaussian_blur(readings):
    readings["blurred"] = readings.groupby("machine")["rpm"].transform(
        lambda s: ndimage.gaussian_filter1d(s.to_numpy(), 2)
    )
    return readings


@leaky("as-of", "slope", data.prices)
def central_difference(bars):
    bars["slope"] = bars.groupby("ticker")["close"].transform(lambda s: np.gradient(np.log(s)))
    return bars


@leaky("as-of", "trend seasonal", data.demand, label=None)
def two_sided_decomposition(sales):
    """Trend by a centred week, season by weekday means over the whole period."""
    sales = sales.sort_values(["store", "day"]).reset_index(drop=True)
    log = np.log1p(sales["stock"])
    kernel = np.ones(7) / 7
    sales["trend"] = log.groupby(sales["store"]).transform(
        lambda s: np.convolve(np.pad(s, 3, mode="edge"), kernel, "valid")
    )
    sales["seasonal"] = (log - sales["trend"]).groupby([sales["store"], sales["day"].dt.dayofweek]).transform("mean")
    return sales


@leaky("as-of", "is_peak", data.sensors)
def peaks_need_what_follows(readings):
    readings = readings.sort_values(["machine", "at"]).reset_index(drop=True)
    readings["is_peak"] = 0
    for _, one in readings.groupby("machine"):
        found, _ = signal.find_peaks(one["vibration"], prominence=0.15)
        readings.loc[one.index[found], "is_peak"] = 1
    return readings


@leaky("as-of test-blind", "detrended", data.prices)
def detrended_over_the_whole_period(bars):
    bars["detrended"] = bars.groupby("ticker")["close"].transform(lambda s: signal.detrend(s.to_numpy()))
    return bars


# --- totals, ranks, bins


@leaky("as-of test-blind", "zone_km", data.rides)
def group_mean_of_all_time(trips):
    trips["zone_km"] = trips.groupby("zone")["distance_km"].transform("mean")
    return trips


@leaky("as-of test-blind", "zone_surge", data.rides_polars)
def polars_mean_over(trips):
    return trips.with_columns(zone_surge=pl.col("surge").mean().over("zone"))


@leaky("as-of test-blind", "income_rank", data.loans)
def rank_over_the_batch(loans):
    return loans.assign(income_rank=loans["income"].rank(pct=True))


@leaky("as-of test-blind", "amount_decile", data.loans)
def quantile_bins_of_all(loans):
    loans["amount_decile"] = pd.qcut(loans["amount"], 10, labels=False)
    return loans.drop(columns=["recovered", "closed_at"])


@leaky("as-of test-blind", "bid_bin", data.clicks)
def polars_qcut(shown):
    return shown.with_columns(bid_bin=pl.col("bid").qcut(5, labels=list("abcde")).cast(pl.String))


@leaky("as-of", "later_trips", data.rides)
def count_in_the_wrong_order(trips):
    """Meant to count earlier trips, but the newest are on top."""
    newest = trips.sort_values("pickup_at", ascending=False)
    newest["later_trips"] = newest.groupby("rider").cumcount()
    return newest.sort_values("pickup_at")


@leaky("as-of test-blind", "trips_of_rider", data.rides)
def lifetime_count(trips):
    trips["trips_of_rider"] = trips.groupby("rider")["trip_id"].transform("size")
    return trips


@leaky("as-of", "days_to_last", data.rides)
def recency_to_the_last_trip_ever(trips):
    last = trips.groupby("rider")["pickup_at"].transform("max")
    trips["days_to_last"] = (last - trips["pickup_at"]).dt.total_seconds() / 86400
    return trips


@leaky("as-of test-blind", "scaled", data.prices)
def min_max_by_ticker(bars):
    grouped = bars.groupby("ticker")["close"]
    bars["scaled"] = (bars["close"] - grouped.transform("min")) / (grouped.transform("max") - grouped.transform("min"))
    return bars


@leaky("as-of test-blind", "share", data.demand)
def share_of_the_years_total(sales):
    sales = sales.sort_values(["store", "day"])
    sales["share"] = sales.groupby("store")["stock"].cumsum() / sales.groupby("store")["stock"].transform("sum")
    return sales


@leaky("as-of own-label", "day_fare", data.rides)
def mean_of_the_day_that_has_not_ended(trips):
    trips["date"] = trips["pickup_at"].dt.date
    daily = trips.groupby("date", as_index=False)["fare"].mean().rename(columns={"fare": "day_fare"})
    return trips.merge(daily, on="date", how="left").drop(columns="date")


@leaky("as-of", "hour_surge", data.rides_polars)
def mean_of_the_hour_that_has_not_ended(trips):
    hourly = (
        trips.sort("pickup_at").group_by_dynamic("pickup_at", every="1h").agg(hour_surge=pl.col("surge").mean())
    ).rename({"pickup_at": "hour"})
    return trips.with_columns(hour=pl.col("pickup_at").dt.truncate("1h")).join(hourly, on="hour", how="left")


@leaky("as-of own-label", "latest_rating", data.rides)
def last_known_rating_of_the_driver_by_dropping_duplicates(trips):
    latest = trips.dropna(subset="rating").drop_duplicates("driver", keep="last")[["driver", "rating"]]
    return trips.merge(latest.rename(columns={"rating": "latest_rating"}), on="driver", how="left")


@leaky("as-of test-blind", "user_clicks_rank", data.clicks, label=None)
def polars_rank_over_campaign(shown):
    return shown.with_columns(user_clicks_rank=pl.col("bid").rank("dense").over("campaign"))


@leaky("as-of", "session_length", data.clicks)
def length_of_a_session_that_goes_on(shown):
    """Impressions within half an hour of each other are one session; its length is known at its end."""
    gap = (pl.col("shown_at").diff().over("user") > pl.duration(minutes=240)).fill_null(True)
    return (
        shown.sort("shown_at")
        .with_columns(session=gap.cum_sum().over("user"))
        .with_columns(session_length=pl.len().over("user", "session"))
    )


@leaky("as-of own-label", "rate_so_far", data.clicks)
def click_rate_with_this_impression(shown):
    return shown.sort("shown_at").with_columns(
        rate_so_far=(pl.col("clicked").cum_sum() / pl.col("clicked").cum_count()).over("campaign")
    )


@leaky("as-of", "user_clicks", data.clicks)
def clicks_not_yet_known(shown):
    """Earlier impressions of the user, but a click is known only after half an hour."""
    return shown.sort("shown_at").with_columns(user_clicks=pl.col("clicked").shift(1).cum_sum().over("campaign"))
