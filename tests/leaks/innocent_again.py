"""What looks guilty and is not, in time, of the second set: the twins of `ahead_again`, and things that behave oddly."""

import numpy as np
import pandas as pd
import polars as pl
from scipy import ndimage, signal
from tests.leaks import domains
from tests.leaks.ahead_again import long
from tests.leaks.case import clean

# --- power meters, by local time


@clean(domains.meters)
def bins_labelled_by_their_end(readings):
    """Bins of six hours, joined by the hour at which they end."""
    six = (
        readings.set_index("at")
        .groupby("meter")["kwh"]
        .resample("6h", closed="left", label="right")
        .mean()
        .rename("kwh_6h")
        .reset_index()
    )
    return pd.merge_asof(readings.sort_values("at"), six.sort_values("at"), on="at", by="meter")


@clean(domains.meters)
def usual_hour_until_yesterday(readings):
    readings = readings.sort_values(["meter", "at"])
    readings["usual"] = readings.groupby(["meter", readings["at"].dt.hour])["kwh"].transform(
        lambda s: s.shift(1).expanding().mean()
    )
    return readings


@clean(domains.meters)
def peak_of_yesterday(readings):
    day = readings["at"].dt.tz_localize(None).dt.normalize()
    peak = readings.groupby(["meter", day])["kwh"].max().rename("peak").reset_index()
    peak["at"] = peak["at"] + pd.Timedelta(days=1)
    return (
        readings.assign(day=day)
        .merge(peak.rename(columns={"at": "day"}), on=["meter", "day"], how="left")
        .drop(columns="day")
    )


@clean(domains.meters)
def cumulated_in_the_order_of_time(readings):
    readings = readings.sort_values("at", kind="stable")
    readings["running"] = readings.groupby("meter")["price"].cumsum()
    return readings


@clean(domains.meters)
def filled_forward_for_three_hours(readings):
    readings = readings.sort_values(["meter", "at"])
    readings["outside"] = readings.groupby("meter")["outside"].ffill(limit=3).fillna(10.0)
    return readings


@clean(domains.meters)
def lag_joined_the_right_way(readings):
    other = readings[["meter", "at", "kwh"]].rename(columns={"kwh": "lag"})
    other["at"] = other["at"] + pd.Timedelta(hours=1)
    return readings.merge(other, on=["meter", "at"], how="left")


@clean(domains.meters)
def second_order_sections_one_way(readings):
    sos = signal.butter(3, 0.2, output="sos")
    readings["smooth"] = readings.groupby("meter")["price"].transform(lambda s: signal.sosfilt(sos, s))
    return readings


@clean(domains.meters)
def median_filter_of_the_past(readings):
    """The window of `scipy.ndimage` is pushed back by its origin."""
    readings["median5"] = readings.groupby("meter")["price"].transform(
        lambda s: ndimage.median_filter(s.to_numpy(), 5, origin=2, mode="nearest")
    )
    return readings


@clean(domains.meters)
def gaussian_kernel_of_the_past(readings):
    kernel = np.exp(-0.5 * (np.arange(12) / 4) ** 2)
    kernel /= kernel.sum()
    readings["smooth"] = readings.groupby("meter")["price"].transform(
        lambda s: signal.lfilter(kernel, 1.0, s.to_numpy())
    )
    return readings


@clean(domains.meters)
def used_since_midnight_without_this_hour(readings):
    readings = readings.sort_values(["meter", "at"])
    grouped = readings.groupby(["meter", readings["at"].dt.date])["kwh"]
    readings["used_so_far"] = grouped.cumsum() - readings["kwh"]
    return readings


@clean(domains.meters)
def rank_among_the_last_day(readings):
    readings = readings.sort_values(["meter", "at"])
    readings["rank"] = readings.groupby("meter")["price"].transform(
        lambda s: s.rolling(24, min_periods=1).rank(pct=True)
    )
    return readings


@clean(domains.meters)
def trend_of_a_polynomial_over_the_last_day(readings):
    x = np.linspace(-1, 1, 24)

    def slope(values):
        return np.polyfit(x, values, 2)[1]

    readings = readings.sort_values(["meter", "at"])
    readings["slope"] = readings.groupby("meter")["price"].transform(lambda s: s.rolling(24).apply(slope, raw=True))
    return readings


@clean(domains.meters)
def savitzky_golay_at_the_end_of_the_window(readings):
    """Weights of a polynomial that is evaluated at the newest point."""
    weights = signal.savgol_coeffs(9, 2, pos=8, use="dot")
    readings = readings.sort_values(["meter", "at"])
    readings["smooth"] = readings.groupby("meter")["price"].transform(
        lambda s: s.rolling(9).apply(lambda v: float(v @ weights), raw=True)
    )
    return readings


@clean(domains.meters)
def reversed_twice(readings):
    """Backwards and backwards again: an ordinary running minimum."""
    readings = readings.sort_values(["meter", "at"], ascending=False)
    readings = readings[::-1]
    readings["lowest"] = readings.groupby("meter")["price"].cummin()
    return readings[::-1]


@clean(domains.meters)
def negative_shift_of_a_reversed_table(readings):
    readings = readings.sort_values(["meter", "at"], ascending=[True, False])
    readings["before"] = readings.groupby("meter")["kwh"].shift(-1)
    return readings


@clean(domains.meters)
def hours_since_somebody_was_home(readings):
    readings = readings.sort_values(["meter", "at"])
    home = readings["at"].where(readings["occupied"])
    readings["since"] = (readings["at"] - home.groupby(readings["meter"]).ffill()).dt.total_seconds() / 3600
    return readings


@clean(domains.meters)
def calendar_of_local_time(readings):
    at = readings["at"]
    readings["hour"], readings["weekday"] = at.dt.hour, at.dt.dayofweek
    readings["sine"] = np.sin(at.dt.hour * np.pi / 12)
    readings["summer"] = at.map(lambda one: one.dst() != pd.Timedelta(0))
    return readings


@clean(domains.meters)
def utc_hours_against_utc_hours(readings):
    other = readings[["meter", "at", "price"]].rename(columns={"price": "before", "at": "utc"})
    other["utc"] = other["utc"].dt.tz_convert("UTC") + pd.Timedelta(hours=2)
    joined = readings.assign(utc=readings["at"].dt.tz_convert("UTC"))
    return joined.merge(other, on=["meter", "utc"], how="left").drop(columns="utc")


@clean(domains.meters)
def polars_lag_by_offset(readings):
    frame = pl.from_pandas(readings)
    earlier = frame.select("meter", pl.col("at").dt.offset_by("2h"), lag="kwh")
    return frame.join(earlier, on=["meter", "at"], how="left")


@clean(domains.meters)
def causal_spectrogram(readings):
    def band(values):
        return float(np.abs(np.fft.fft(values * np.hanning(len(values))))[2:5].sum())

    readings = readings.sort_values(["meter", "at"])
    readings["band"] = readings.groupby("meter")["price"].transform(lambda s: s.rolling(16).apply(band, raw=True))
    return readings


@clean(domains.meters)
def outlier_against_the_week_before(readings):
    readings = readings.sort_values(["meter", "at"])
    grouped = readings.groupby("meter")["price"]
    median = grouped.transform(lambda s: s.rolling(48, min_periods=6).median())
    spread = (
        (readings["price"] - median)
        .abs()
        .groupby(readings["meter"])
        .transform(lambda s: s.rolling(48, min_periods=6).median())
    )
    return readings.assign(outlier=(readings["price"] - median).abs() > 4 * spread)


@clean(domains.meters)
def interpolated_by_hours_known_by_then(readings):
    """Drawn on from the last two values, not to the next."""
    readings = readings.sort_values(["meter", "at"]).reset_index(drop=True)
    for _, rows in readings.groupby("meter").groups.items():
        values, out = readings.loc[rows, "outside"].to_numpy(), []
        for value in values:
            drawn_on = 2 * out[-1] - out[-2] if len(out) > 1 else 8.0
            out.append(drawn_on if np.isnan(value) else value)
        readings.loc[rows, "outside"] = out
    return readings


# --- football


@clean(domains.matches)
def form_before_this_match(matches):
    both = long(matches)
    both["home_form"] = both.groupby("team")["points"].transform(lambda s: s.shift(1).rolling(5, min_periods=1).mean())
    return matches.merge(
        both[["match", "team", "home_form"]], left_on=["match", "home"], right_on=["match", "team"]
    ).drop(columns="team")


@clean(domains.matches)
def table_before_the_match(matches):
    both = long(matches)
    both["so_far"] = both.groupby("team")["points"].cumsum() - both["points"]
    home = both.rename(columns={"team": "home", "so_far": "home_points"})[["match", "home", "home_points"]]
    away = both.rename(columns={"team": "away", "so_far": "away_points"})[["match", "away", "away_points"]]
    return matches.merge(home, on=["match", "home"]).merge(away, on=["match", "away"])


@clean(domains.matches)
def ratings_before_the_match(matches):
    rating, out = dict.fromkeys(matches["home"].unique(), 1500.0), {}
    for one in matches.sort_values("kickoff").itertuples():
        out[one.match] = rating[one.home] - rating[one.away]
        change = 20 * (float(one.won) - 1 / (1 + 10 ** (-out[one.match] / 400)))
        rating[one.home] += change
        rating[one.away] -= change
    return matches.assign(elo_gap=matches["match"].map(out))


@clean(domains.matches)
def results_against_this_opponent_so_far(matches):
    matches = matches.sort_values("kickoff")
    matches["against"] = matches.groupby(["home", "away"])["home_goals"].transform(
        lambda s: s.shift().expanding().mean()
    )
    return matches


@clean(domains.matches)
def crowd_as_a_share_of_the_largest_so_far(matches):
    matches = matches.sort_values("kickoff")
    before = matches.groupby("home")["crowd"].shift(1)
    matches["full"] = before / before.groupby(matches["home"]).cummax()
    return matches


@clean(domains.matches)
def odds_against_those_of_the_round_before(matches):
    weekly = matches.set_index("kickoff")["odds"].resample("W-SUN").mean()
    known = weekly.rename("round_odds").reset_index()
    known["kickoff"] = (known["kickoff"] + pd.Timedelta(days=1)).dt.as_unit("us")
    return pd.merge_asof(matches.sort_values("kickoff"), known, on="kickoff")


@clean(domains.matches)
def days_of_rest(matches):
    both = long(matches)
    both["rest"] = both.groupby("team")["kickoff"].diff().dt.days
    return matches.merge(
        both.loc[:, ["match", "team", "rest"]], left_on=["match", "home"], right_on=["match", "team"]
    ).drop(columns="team")


@clean(domains.matches)
def bookmakers_share(matches):
    return matches.assign(
        chance=1 / matches["odds"], favourite=matches["odds"] < 2, derby=matches["home"] > matches["away"]
    )


# --- a web shop


@clean(domains.orders)
def return_rate_of_decided_orders(orders):
    """By the time at which it is decided, joined as of the order."""
    decided = (
        orders.sort("decided_at", "order")
        .select(
            "customer",
            "decided_at",
            rate=(pl.col("returned").cum_sum() / pl.col("returned").cum_count()).over("customer"),
        )
        .unique(["customer", "decided_at"], keep="last", maintain_order=True)
    )
    return (
        orders.sort("ordered_at")
        .join_asof(
            decided.rename({"decided_at": "known"}),
            left_on="ordered_at",
            right_on="known",
            by="customer",
            check_sortedness=False,
        )
        .drop("known")
    )


@clean(domains.orders)
def returns_of_orders_thirty_days_ago(orders):
    old = orders.select("category", due=pl.col("ordered_at").dt.offset_by("30d"), gone="returned").sort("due")
    old = old.with_columns(pl.col("gone").cum_sum().over("category"))
    return (
        orders.sort("ordered_at")
        .join_asof(old, left_on="ordered_at", right_on="due", by="category", check_sortedness=False)
        .drop("due")
    )


@clean(domains.orders_rates)
def rate_of_the_day_before(orders, rates):
    orders["day"] = orders["ordered_at"].dt.normalize() - pd.Timedelta(days=1)
    return orders.merge(rates, on=["day", "currency"], how="left").drop(columns="day")


@clean(domains.orders_rates)
def latest_rate_that_was_fixed(orders, rates):
    rates = rates.assign(fixed=rates["day"] + pd.Timedelta(hours=18)).sort_values("fixed").drop(columns="day")
    return pd.merge_asof(
        orders.sort_values("ordered_at"), rates, left_on="ordered_at", right_on="fixed", by="currency"
    ).drop(columns="fixed")


@clean(domains.orders_rates)
def change_of_the_rate_over_a_week_that_is_over(orders, rates):
    rates = rates.sort_values(["currency", "day"])
    rates["change"] = rates.groupby("currency")["rate"].pct_change(7)
    rates["day"] = rates["day"] + pd.Timedelta(days=1)
    orders["day"] = orders["ordered_at"].dt.normalize()
    return orders.merge(rates[["day", "currency", "change"]], on=["day", "currency"], how="left").drop(columns="day")


@clean(domains.orders)
def worth_until_now(orders):
    return orders.sort("ordered_at").with_columns(
        worth=pl.col("amount").cum_sum().over("customer"), number=pl.col("amount").cum_count().over("customer")
    )


@clean(domains.orders)
def reversed_sum_of_a_reversed_table(orders):
    return (
        orders.sort("ordered_at", descending=True)
        .with_columns(so_far=pl.col("amount").cum_sum(reverse=True).over("category"))
        .sort("order")
    )


@clean(domains.orders)
def window_of_amounts_closed_right(orders):
    """An order's own amount is known when it is made."""
    return orders.sort("ordered_at").with_columns(
        amount_30d=pl.col("amount").rolling_mean_by("ordered_at", window_size="30d", closed="right")
    )


@clean(domains.orders)
def amount_of_the_week_before(orders):
    weekly = (
        orders.sort("ordered_at")
        .group_by_dynamic("ordered_at", every="1w", group_by="category")
        .agg(week_amount=pl.col("amount").mean())
        .with_columns(week=pl.col("ordered_at").dt.offset_by("1w"))
        .drop("ordered_at")
    )
    return orders.with_columns(week=pl.col("ordered_at").dt.truncate("1w")).join(
        weekly, on=["category", "week"], how="left"
    )


@clean(domains.orders)
def discounts_filled_forward_then_zero(orders):
    return orders.sort("ordered_at").with_columns(
        pl.col("discount").forward_fill().over("category").fill_null(0.0), unknown=pl.col("discount").is_null()
    )


@clean(domains.orders)
def order_before_of_the_customer(orders):
    return orders.sort("ordered_at").with_columns(
        before=pl.col("amount").shift(1).over("customer"),
        since=(pl.col("ordered_at") - pl.col("ordered_at").shift(1).over("customer")).dt.total_days(),
    )


@clean(domains.orders)
def session_so_far(orders):
    orders = orders.sort("customer", "ordered_at")
    begins = (pl.col("ordered_at").diff() > pl.duration(days=12)).fill_null(True).over("customer")
    return orders.with_columns(session=begins.cum_sum().over("customer")).with_columns(
        session_amount=pl.col("amount").cum_sum().over("customer", "session"),
        session_place=pl.int_range(pl.len()).over("customer", "session"),
    )


@clean(domains.orders)
def hours_the_parcels_took_that_have_left(orders):
    """Of the newest parcel of the category that had left by then."""
    left = orders.select(
        "category", gone="shipped_at", took=(pl.col("shipped_at") - pl.col("ordered_at")).dt.total_minutes()
    ).sort("gone", "took")
    return (
        orders.sort("ordered_at")
        .join_asof(left, left_on="ordered_at", right_on="gone", by="category", check_sortedness=False)
        .drop("gone")
    )


@clean(domains.orders)
def lazy_and_with_many_columns(orders):
    return (
        orders.lazy()
        .with_columns(
            weekday=pl.col("ordered_at").dt.weekday(),
            each=pl.col("amount") / pl.col("items"),
            big=pl.when(pl.col("amount") > 60).then(pl.lit("big")).otherwise(pl.lit("small")).cast(pl.Categorical),
            both=pl.concat_str("currency", "category", separator="-"),
        )
        .filter(pl.col("amount") > 5)
        .collect()
    )


@clean(domains.orders)
def drops_what_never_shipped_in_time(orders):
    """Rows go by what is known later: which rows are there is asked of the scan of rows, not of the columns."""
    return orders.filter((pl.col("shipped_at") - pl.col("ordered_at")).dt.total_hours() < 70).with_columns(
        each=pl.col("amount") / pl.col("items")
    )


# --- trials


@clean(domains.trials)
def risk_of_the_site_among_those_who_ended(patients):
    ended = patients.sort_values("ended_at", kind="stable")
    ended["site_risk"] = ended.groupby("site")["event"].transform(lambda s: s.expanding().mean())
    ended = ended[["ended_at", "site", "site_risk"]].rename(columns={"ended_at": "known"})
    return pd.merge_asof(
        patients.sort_values("entered_at"), ended, left_on="entered_at", right_on="known", by="site"
    ).drop(columns="known")


@clean(domains.trials)
def people_followed_at_the_time_of_entry(patients):
    """Who had entered and not ended, counted in numpy."""
    entered, ended = patients["entered_at"].to_numpy(), patients["ended_at"].to_numpy()
    return patients.assign(followed=[int(((entered < at) & (ended > at)).sum()) for at in entered])


@clean(domains.trials)
def marker_against_those_before(patients):
    patients = patients.sort_values("entered_at")
    grouped = patients.groupby("site")["marker"]
    mean, std = grouped.transform(lambda s: s.expanding(5).mean()), grouped.transform(lambda s: s.expanding(5).std())
    return patients.assign(marker_z=(patients["marker"] - mean) / std)


@clean(domains.trials)
def marker_of_whoever_came_before(patients):
    known = patients.dropna(subset="marker")[["entered_at", "site", "marker"]].rename(columns={"marker": "other"})
    joined = pd.merge_asof(patients, known, on="entered_at", by="site", allow_exact_matches=False)
    return joined.assign(marker=joined["marker"].fillna(joined["other"]))


@clean(domains.trials, verdict="SUSPECT CLEAN")
def indicator_columns_of_each_patient(patients):
    return pd.get_dummies(patients, columns=["arm", "site"], dtype=float).assign(
        old=patients["age"] > 65, unmeasured=patients["marker"].isna(), season=patients["entered_at"].dt.quarter
    )


@clean(domains.trials, naive="as-of own-label")
def columns_under_new_names(patients):
    """Passed on as they were, late ones too, under other names and in another order."""
    return patients.rename(columns={"event": "y", "ended_at": "end"})[["y", "end", "patient", "age", "entered_at"]]
