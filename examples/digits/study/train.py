"""Learns one forest: train.py --data FOLDER --out FILE --trees N --depth N --seed N"""
import argparse
import os
import pickle

import numpy
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--out", required=True)
parser.add_argument("--trees", type=int, required=True)
parser.add_argument("--depth", type=int, required=True)
parser.add_argument("--seed", type=int, required=True)
options = parser.parse_args()

x = numpy.load(os.path.join(options.data, "x_train.npy"))
y = numpy.load(os.path.join(options.data, "y_train.npy"))
model = RandomForestClassifier(n_estimators=options.trees, max_depth=options.depth, random_state=options.seed)
accuracy = cross_val_score(model, x, y, cv=3).mean()
model.fit(x, y)
with open(options.out, "wb") as file:
    pickle.dump(model, file)
print(f"{options.trees} trees of depth {options.depth}, seed {options.seed}: accuracy {accuracy:.4f}")
with open(os.environ["WEFT_RESULTS"], "a") as results:
    results.write(f"accuracy={accuracy:.6f}\n")
