"""Leaks in time of the second set, written before anybody looked at how they are found: meters, football, shops, trials."""

import numpy as np
import pandas as pd
import polars as pl
from scipy import ndimage, signal
from sklearn.preprocessing import TargetEncoder
from tests.leaks import domains
from tests.leaks.case import leaky

# --- power meters, by local time


@leaky("as-of", "outside_6h", domains.meters)
def mean_of_the_quarter_of_the_day(readings):
    """`resample` labels a bin by its beginning: joined on it, the bin's end is still to come."""
    six = readings.set_index("at").groupby("meter")["outside"].resample("6h").mean().rename("outside_6h").reset_index()
    readings = readings.sort_values("at")
    return pd.merge_asof(readings, six.sort_values("at"), on="at", by="meter")


@leaky("as-of own-label", "kwh_3h", domains.meters)
def bin_that_ends_with_its_own_row(readings):
    three = (
        readings.set_index("at")
        .groupby("meter")["kwh"]
        .resample("3h", closed="right", label="right")
        .mean()
        .rename("kwh_3h")
        .reset_index()
    )
    return pd.merge_asof(readings.sort_values("at"), three.sort_values("at"), on="at", by="meter")


@leaky("as-of own-label", "usual", domains.meters)
def usual_hour_of_the_whole_period(readings):
    readings["usual"] = readings.groupby(["meter", readings["at"].dt.hour])["kwh"].transform("mean")
    return readings


@leaky("as-of", "peak_of_day", domains.meters, also="own-label")
def peak_of_the_day(readings):
    readings["peak_of_day"] = readings.groupby(["meter", readings["at"].dt.date])["kwh"].transform("max")
    return readings


@leaky("as-of", "running", domains.meters)
def cumulated_in_the_order_of_price(readings):
    by_price = readings.sort_values("price")
    by_price["running"] = by_price.groupby("meter")["price"].cumsum()
    return by_price.sort_values(["at", "meter"])


@leaky("as-of", "outside", domains.meters)
def drawn_through_the_gaps_by_time(readings):
    parts = []
    for _, one in readings.set_index("at").groupby("meter"):
        parts.append(one.assign(outside=one["outside"].interpolate(method="time")))
    return pd.concat(parts).reset_index()


@leaky("as-of", "price_next_4h", domains.meters)
def indexer_that_looks_forward(readings):
    window = pd.api.indexers.FixedForwardWindowIndexer(window_size=4)
    readings = readings.sort_values(["meter", "at"])
    readings["price_next_4h"] = readings.groupby("meter")["price"].transform(
        lambda s: s.rolling(window, min_periods=1).mean()
    )
    return readings


@leaky("as-of", "lag", domains.meters)
def lag_joined_the_wrong_way(readings):
    """The hour is taken off the table that is joined, instead of being added."""
    other = readings[["meter", "at", "price"]].rename(columns={"price": "lag"})
    other["at"] = other["at"] - pd.Timedelta(hours=1)
    return readings.merge(other, on=["meter", "at"], how="left")


@leaky("as-of", "smooth", domains.meters)
def second_order_sections_both_ways(readings):
    sos = signal.butter(3, 0.2, output="sos")
    readings["smooth"] = readings.groupby("meter")["price"].transform(lambda s: signal.sosfiltfilt(sos, s))
    return readings


@leaky("as-of", "median5", domains.meters)
def median_filter(readings):
    readings["median5"] = readings.groupby("meter")["price"].transform(lambda s: signal.medfilt(s.to_numpy(), 5))
    return readings


@leaky("as-of", "lowest_around", domains.meters)
def minimum_filter(readings):
    readings["lowest_around"] = readings.groupby("meter")["price"].transform(
        lambda s: ndimage.minimum_filter1d(s.to_numpy(), 7)
    )
    return readings


@leaky("as-of own-label", "used_so_far", domains.meters)
def used_since_midnight_with_this_hour(readings):
    readings = readings.sort_values(["meter", "at"])
    readings["used_so_far"] = readings.groupby(["meter", readings["at"].dt.date])["kwh"].cumsum()
    return readings


@leaky("as-of", "price_rank", domains.meters)
def rank_of_the_hour_within_its_day(readings):
    readings["price_rank"] = readings.groupby(["meter", readings["at"].dt.date])["price"].rank()
    return readings


@leaky("as-of", "trend", domains.meters)
def trend_of_a_polynomial_over_everything(readings):
    def trend(s):
        x = np.linspace(-1, 1, len(s))
        return pd.Series(np.polyval(np.polyfit(x, s, 3), x), index=s.index)

    readings["trend"] = readings.groupby("meter")["price"].transform(trend)
    return readings


@leaky("as-of own-label", "rolled", domains.meters)
def rolling_with_its_own_hour(readings):
    readings = readings.sort_values(["meter", "at"])
    readings["rolled"] = readings.groupby("meter")["kwh"].rolling(24, min_periods=1).mean().droplevel(0)
    return readings


@leaky("as-of", "hours_to_occupied", domains.meters)
def hours_until_somebody_is_home(readings):
    readings = readings.sort_values(["meter", "at"])
    home = readings["at"].where(readings["occupied"])
    readings["hours_to_occupied"] = (home.groupby(readings["meter"]).bfill() - readings["at"]).dt.total_seconds() / 3600
    return readings


@leaky("as-of", "utc_price", domains.meters)
def local_clock_taken_for_utc(readings):
    """The price of the same clock time in UTC, which in Berlin is one or two hours away."""
    other = readings[["meter", "at", "price"]].rename(columns={"price": "utc_price"})
    other["at"] = other["at"].dt.tz_localize(None)
    wall = readings.assign(wall=readings["at"].dt.tz_convert("UTC").dt.tz_localize(None) + pd.Timedelta(hours=4))
    return wall.merge(other, left_on=["meter", "wall"], right_on=["meter", "at"], how="left", suffixes=("", "_")).drop(
        columns=["wall", "at_"]
    )


@leaky("as-of", "lead_polars", domains.meters)
def polars_lead_by_offset(readings):
    frame = pl.from_pandas(readings)
    later = frame.select("meter", pl.col("at").dt.offset_by("-2h"), lead_polars="price")
    return frame.join(later, on=["meter", "at"], how="left")


# --- football


def long(matches):
    """One row per team and match."""
    home = matches[["match", "kickoff", "home", "home_goals", "away_goals"]].set_axis(
        ["match", "kickoff", "team", "scored", "let_in"], axis=1
    )
    away = matches[["match", "kickoff", "away", "away_goals", "home_goals"]].set_axis(
        ["match", "kickoff", "team", "scored", "let_in"], axis=1
    )
    both = pd.concat([home, away]).sort_values(["team", "kickoff"], kind="stable")
    return both.assign(points=np.select([both["scored"] > both["let_in"], both["scored"] == both["let_in"]], [3, 1], 0))


@leaky("as-of own-label", "home_form", domains.matches)
def form_with_this_match(matches):
    both = long(matches)
    both["home_form"] = both.groupby("team")["points"].transform(lambda s: s.rolling(5, min_periods=1).mean())
    return matches.merge(
        both[["match", "team", "home_form"]], left_on=["match", "home"], right_on=["match", "team"]
    ).drop(columns="team")


@leaky("as-of own-label", "points_gap", domains.matches)
def final_table_of_the_season(matches):
    total = long(matches).groupby("team")["points"].sum()
    return matches.assign(points_gap=matches["home"].map(total) - matches["away"].map(total))


@leaky("as-of own-label", "elo_gap", domains.matches)
def ratings_after_the_match(matches):
    rating, out = dict.fromkeys(matches["home"].unique(), 1500.0), []
    for one in matches.sort_values("kickoff").itertuples():
        expected = 1 / (1 + 10 ** ((rating[one.away] - rating[one.home]) / 400))
        change = 20 * (float(one.won) - expected)
        rating[one.home] += change
        rating[one.away] -= change
        out.append((one.match, rating[one.home] - rating[one.away]))
    return matches.merge(pd.DataFrame(out, columns=["match", "elo_gap"]), on="match")


@leaky("as-of own-label", "against", domains.matches)
def mean_against_this_opponent_ever(matches):
    matches["against"] = matches.groupby(["home", "away"])["home_goals"].transform("mean")
    return matches


@leaky("as-of own-label", "lead", domains.matches)
def goal_difference_of_the_match_itself(matches):
    return matches.assign(lead=matches["home_goals"] - matches["away_goals"])


@leaky("as-of own-label", "full", domains.matches)
def crowd_as_a_share_of_the_largest_ever(matches):
    matches["full"] = matches["crowd"] / matches.groupby("home")["crowd"].transform("max")
    return matches


@leaky("as-of", "next_odds", domains.matches)
def odds_of_the_next_match(matches):
    matches = matches.sort_values("kickoff")
    matches["next_odds"] = matches.groupby("home")["odds"].shift(-1)
    return matches


# --- a web shop


@leaky("as-of own-label", "customer_rate", domains.orders)
def return_rate_of_the_customer_for_life(orders):
    return orders.with_columns(customer_rate=pl.col("returned").mean().over("customer"))


@leaky("as-of", "returned_before", domains.orders)
def returns_of_parcels_that_are_still_out(orders):
    return orders.sort("ordered_at").with_columns(
        returned_before=pl.col("returned").shift(1).cum_sum().over("category"),
    )


@leaky("as-of", "rate", domains.orders_rates)
def rate_of_the_same_day(orders, rates):
    """Fixed in the evening; the order came at noon."""
    orders["day"] = orders["ordered_at"].dt.normalize()
    return orders.merge(rates, on=["day", "currency"], how="left").drop(columns="day")


@leaky("as-of", "rate", domains.orders_rates)
def rate_of_the_day_that_is_nearest(orders, rates):
    return pd.merge_asof(
        orders.sort_values("ordered_at"),
        rates.sort_values("day"),
        left_on="ordered_at",
        right_on="day",
        by="currency",
        direction="nearest",
    ).drop(columns="day")


@leaky("as-of", "rate_after", domains.orders_rates)
def rate_of_the_day_after(orders, rates):
    return pd.merge_asof(
        orders.sort_values("ordered_at"),
        rates.sort_values("day").rename(columns={"rate": "rate_after"}),
        left_on="ordered_at",
        right_on="day",
        by="currency",
        direction="forward",
    ).drop(columns="day")


@leaky("as-of", "rate_level", domains.orders_rates)
def rate_as_a_share_of_its_mean(orders, rates):
    rates["rate_level"] = rates["rate"] / rates.groupby("currency")["rate"].transform("mean")
    rates = rates.assign(day=rates["day"] + pd.Timedelta(days=1))
    orders["day"] = orders["ordered_at"].dt.normalize()
    return orders.merge(rates[["day", "currency", "rate_level"]], on=["day", "currency"], how="left")


@leaky("as-of", "worth", domains.orders)
def lifetime_value(orders):
    return orders.with_columns(worth=pl.col("amount").sum().over("customer"))


@leaky("as-of", "from_the_end", domains.orders)
def counted_from_the_last(orders):
    return orders.sort("ordered_at").with_columns(from_the_end=pl.col("amount").cum_sum(reverse=True).over("category"))


@leaky("as-of own-label", "returned_30d", domains.orders)
def window_of_returns_closed_right(orders):
    return orders.sort("ordered_at").with_columns(
        returned_30d=pl.col("returned").rolling_mean_by("ordered_at", window_size="30d")
    )


@leaky("as-of", "week_amount", domains.orders)
def amount_of_the_week_that_has_not_ended(orders):
    weekly = (
        orders.sort("ordered_at")
        .group_by_dynamic("ordered_at", every="1w", group_by="category")
        .agg(week_amount=pl.col("amount").mean())
    )
    return (
        orders.with_columns(week=pl.col("ordered_at").dt.truncate("1w"))
        .join(weekly.rename({"ordered_at": "week"}), on=["category", "week"], how="left")
        .drop("week")
    )


@leaky("as-of own-label", "hours_to_ship", domains.orders)
def hours_until_the_parcel_left(orders):
    return orders.with_columns(hours_to_ship=(pl.col("shipped_at") - pl.col("ordered_at")).dt.total_minutes() / 60)


@leaky("as-of own-label", "has_returned", domains.orders)
def whether_the_customer_ever_returns(orders):
    bad = orders.filter(pl.col("returned") == 1)["customer"].unique()
    return orders.with_columns(has_returned=pl.col("customer").is_in(bad.implode()))


@leaky("as-of", "latest_amount", domains.orders)
def latest_order_of_the_customer(orders):
    latest = orders.sort("ordered_at").unique("customer", keep="last").select("customer", latest_amount="amount")
    return orders.join(latest, on="customer", how="left")


@leaky("as-of", "amount_rank", domains.orders)
def rank_within_the_month(orders):
    return orders.with_columns(amount_rank=pl.col("amount").rank().over(pl.col("ordered_at").dt.month()))


@leaky("as-of", "z", domains.orders)
def zscore_over_all_time_in_polars(orders):
    amount = pl.col("amount").log1p()
    return orders.with_columns(z=((amount - amount.mean()) / amount.std()).over("category"))


@leaky("as-of", "amount_so_far", domains.orders)
def window_in_rows_that_are_not_sorted(orders):
    """The rows are in the order of the key, which says nothing of time."""
    return orders.sort("order").with_columns(amount_so_far=pl.col("amount").cum_sum().over("category"))


@leaky("as-of", "session_amount", domains.orders)
def amount_of_a_session_that_goes_on(orders):
    """Orders within three days of each other are one session."""
    orders = orders.sort("customer", "ordered_at")
    begins = (pl.col("ordered_at").diff() > pl.duration(days=12)).fill_null(True).over("customer")
    return orders.with_columns(session=begins.cum_sum().over("customer")).with_columns(
        session_amount=pl.col("amount").sum().over("customer", "session")
    )


# --- trials


@leaky("as-of own-label", "months", domains.trials)
def months_of_following(patients):
    patients["months"] = (patients["ended_at"] - patients["entered_at"]).dt.days / 30
    return patients


@leaky("as-of own-label", "often", domains.trials)
def visits_that_are_still_to_come(patients):
    return patients.assign(often=patients["visits_made"] > 5)


@leaky("as-of own-label", "site_risk", domains.trials)
def risk_of_the_site_over_the_study(patients):
    patients["site_risk"] = patients.groupby("site")["event"].transform("mean")
    return patients


@leaky("as-of own-label", "site_risk", domains.trials)
def events_before_by_the_time_of_entry(patients):
    """All who entered until now, with the outcome of each, though most are still followed."""
    patients = patients.sort_values("entered_at")
    patients["site_risk"] = patients.groupby("site")["event"].transform(lambda s: s.expanding().mean())
    return patients


@leaky("as-of", "at_risk", domains.trials, also="own-label")
def people_still_followed_at_the_end(patients):
    """How many of the site were followed for longer than this patient: known at the end."""
    length = patients["ended_at"] - patients["entered_at"]
    patients["at_risk"] = length.groupby(patients["site"]).rank(ascending=False)
    return patients


@leaky("as-of", "marker_z", domains.trials)
def marker_by_site_over_the_study(patients):
    grouped = patients.groupby("site")["marker"]
    patients["marker_z"] = (patients["marker"] - grouped.transform("mean")) / grouped.transform("std")
    return patients


@leaky("as-of own-label", "site_code", domains.trials)
def target_encoder_that_is_not_cross_fitted(patients):
    encoder = TargetEncoder(random_state=0).fit(patients[["site"]], patients["event"])
    patients["site_code"] = encoder.transform(patients[["site"]])[:, 0]
    return patients


# --- missed at first


@leaky("as-of", "round_odds", domains.matches)
def mean_odds_of_the_round(matches):
    week = matches["kickoff"].dt.to_period("W")
    return matches.assign(round_odds=matches.groupby(week)["odds"].transform("mean"))


@leaky("as-of", "discount", domains.orders)
def discounts_interpolated_by_polars(orders):
    return orders.sort("ordered_at").with_columns(pl.col("discount").interpolate())


@leaky("as-of", "discount", domains.orders)
def discounts_filled_from_either_side(orders):
    return orders.sort("ordered_at").with_columns(pl.col("discount").backward_fill().forward_fill().over("category"))


@leaky("as-of", "marker", domains.trials)
def marker_of_the_nearest_in_time(patients):
    """Missing markers come from whoever entered next or before, whichever is nearer."""
    known = patients.dropna(subset="marker")[["entered_at", "marker"]].rename(columns={"marker": "other"})
    joined = pd.merge_asof(patients, known, on="entered_at", direction="nearest")
    return joined.assign(marker=joined["marker"].fillna(joined["other"])).drop(columns="other")
