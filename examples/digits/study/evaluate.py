"""Tests the best forest: evaluate.py --data FOLDER --model FILE --runs FOLDER --report FILE"""
import argparse
import html
import json
import os
import pickle

import numpy
from sklearn.metrics import accuracy_score, confusion_matrix

CELL = 36


def picture(matrix):
    """The confusion matrix as SVG: a row for each digit as it is, a column for each as it was taken for."""
    size = CELL * (len(matrix) + 1)
    most = matrix.max()
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" font-family="sans-serif" font-size="12" text-anchor="middle">']
    for row, counts in enumerate(matrix):
        middle = CELL * (row + 1) + CELL / 2
        parts.append(f'<text x="{CELL / 2}" y="{middle + 4}">{row}</text><text x="{middle}" y="{CELL / 2 + 4}">{row}</text>')
        for column, count in enumerate(counts):
            shade = 255 - int(200 * count / most)
            x, y = CELL * (column + 1), CELL * (row + 1)
            parts.append(f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="rgb({shade},{shade},255)" stroke="#ccc"/>')
            if count:
                parts.append(f'<text x="{x + CELL / 2}" y="{y + CELL / 2 + 4}">{count}</text>')
    return "".join(parts) + "</svg>"


parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--model", required=True)
parser.add_argument("--runs", required=True)
parser.add_argument("--report", required=True)
options = parser.parse_args()

x = numpy.load(os.path.join(options.data, "x_test.npy"))
y = numpy.load(os.path.join(options.data, "y_test.npy"))
with open(options.model, "rb") as file:
    model = pickle.load(file)
predicted = model.predict(x)
accuracy = accuracy_score(y, predicted)
with open(os.path.join(options.runs, "index.json")) as file:
    runs = json.load(file)
rows = "".join(
    "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in (*run["params"].values(), run["results"]["accuracy"])) + "</tr>"
    for run in sorted(runs, key=lambda run: -run["results"]["accuracy"])
)
head = "".join(f"<th>{name}</th>" for name in (*runs[0]["params"], "accuracy"))
with open(options.report, "w") as report:
    report.write(
        f"<!doctype html><meta charset='utf-8'><title>Handwritten digits</title><h1>Handwritten digits</h1>"
        f"<p>The best forest has {model.n_estimators} trees of depth {model.max_depth}: it reads {accuracy:.2%} of {len(y)} unseen digits.</p>"
        f"<h2>What it takes for what</h2>{picture(confusion_matrix(y, predicted))}"
        f"<h2>All {len(runs)} forests</h2><table><tr>{head}</tr>{rows}</table>\n"
    )
print(f"accuracy on unseen digits: {accuracy:.4f}")
with open(os.environ["WEFT_RESULTS"], "a") as results:
    results.write(f"test_accuracy={accuracy:.6f}\n")
