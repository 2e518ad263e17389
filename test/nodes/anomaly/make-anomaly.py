"""Writes `anomaly.json`: rankings, quantiles and distances of scikit-learn and NumPy. See README.md."""

import json
import os
import sys

import numpy as np
import sklearn
from sklearn.covariance import LedoitWolf
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve


def ranking(scores, anomalous):
    scores, anomalous = np.asarray(scores, dtype="float64"), np.asarray(anomalous, dtype="int64")
    false_positives, true_positives, _ = roc_curve(anomalous, scores, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(anomalous, scores, drop_intermediate=False)
    return {
        "scores": scores.tolist(),
        "anomalous": (anomalous == 1).tolist(),
        "roc": np.stack([false_positives, true_positives], 1).tolist(),
        # From the highest threshold, without the point of no threshold that scikit-learn adds.
        "precision_recall": np.stack([recall, precision], 1)[:-1][::-1].tolist(),
        "roc_auc": float(roc_auc_score(anomalous, scores)),
        "average_precision": float(average_precision_score(anomalous, scores)),
    }


def distances(vectors, others):
    fitted = LedoitWolf().fit(np.asarray(vectors, dtype="float64"))
    return {
        "vectors": vectors.tolist(),
        "others": others.tolist(),
        "shrinkage": float(fitted.shrinkage_),
        "distances": np.sqrt(fitted.mahalanobis(np.asarray(others, dtype="float64"))).tolist(),
    }


if __name__ == "__main__":
    assert sklearn.__version__.startswith("1.7."), sklearn.__version__
    random = np.random.default_rng(5)
    labels = random.integers(0, 2, 30)
    distinct = random.normal(size=30) + labels
    cases = [
        ranking(distinct, labels),
        # Many ties.
        ranking(np.round(distinct), labels),
        ranking(np.full(8, 2.5), [0, 1, 0, 0, 1, 0, 0, 1]),
        ranking([1, 2, 3, 4], [0, 0, 1, 1]),
        ranking([4, 3, 2, 1], [0, 0, 1, 1]),
        ranking([0, 0, 7], [1, 0, 0]),
    ]
    rounded = lambda shape: np.round(random.normal(size=shape), 3).astype("float32")
    correlated = rounded([40, 4]) @ rounded([4, 4])
    # The third value never varies, as that of a unit that never fires.
    still = correlated.copy()
    still[:, 2] = 0
    spaces = [
        distances(correlated, rounded([5, 4])),
        distances(still, rounded([5, 4])),
        # Fewer vectors than values.
        distances(rounded([5, 8]), rounded([3, 8])),
        distances(rounded([20, 1]), rounded([3, 1])),
    ]
    quantiles = [[q, float(np.quantile(distinct, q))] for q in [0.01, 0.5, 0.95, 0.99, 1]]
    result = {"rankings": cases, "distances": spaces, "quantiles": {"values": distinct.tolist(), "found": quantiles}}
    with open(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "anomaly.json"), "w") as file:
        json.dump(result, file)
        file.write("\n")
