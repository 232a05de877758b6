"""Splits the digits: prepare.py --test-size SHARE --seed N --out FOLDER"""
import argparse
import os

import numpy
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--test-size", type=float, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--out", required=True)
options = parser.parse_args()

digits = load_digits()
x_train, x_test, y_train, y_test = train_test_split(
    digits.data, digits.target, test_size=options.test_size, random_state=options.seed, stratify=digits.target
)
os.makedirs(options.out, exist_ok=True)
for name, values in {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}.items():
    numpy.save(os.path.join(options.out, name + ".npy"), values)
print(f"{len(x_train)} digits to learn from, {len(x_test)} to test on")
