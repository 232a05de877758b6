"""Trains one classifier on scikit-learn's handwritten digits and reports how well it does.

Usage: train.py key=value ...   (keys and defaults: config.yaml)
"""
import os
import sys
import time

from omegaconf import OmegaConf
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC


def read_config(words):
    """config.yaml with the words key=value on top. Words for Hydra itself (--multirun, hydra.*) are not ours."""
    own = [word for word in words if "=" in word and not word.startswith("hydra")]
    return OmegaConf.merge(OmegaConf.load("config.yaml"), OmegaConf.from_dotlist(own))


def make_model(config):
    if config.model == "svm":
        return SVC(C=config.C, gamma=config.gamma)
    if config.model == "forest":
        return RandomForestClassifier(n_estimators=config.trees, max_depth=config.depth, random_state=config.seed)
    sys.exit(f"unknown model {config.model!r}: svm or forest")


def main():
    config = read_config(sys.argv[1:])
    digits = load_digits()
    x_train, x_test, y_train, y_test = train_test_split(
        digits.data, digits.target, test_size=config.test_size, random_state=config.seed, stratify=digits.target
    )
    model = make_model(config)
    started = time.perf_counter()
    model.fit(x_train, y_train)
    seconds = time.perf_counter() - started
    predicted = model.predict(x_test)
    results = {
        "accuracy": accuracy_score(y_test, predicted),
        "f1": f1_score(y_test, predicted, average="macro"),
        "fit_seconds": seconds,
    }
    print(f"{config.model}: {len(x_train)} digits learned, {len(x_test)} tested, accuracy {results['accuracy']:.4f}")
    # What Weft records of this run. Without Weft the lines above are all there is.
    if "WEFT_RESULTS" in os.environ:
        with open(os.environ["WEFT_RESULTS"], "a") as file:
            for name, value in results.items():
                file.write(f"{name}={value:.6g}\n")


if __name__ == "__main__":
    main()
