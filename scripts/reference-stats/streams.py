"""Writes test/reference/stats/streams.json: what stream detectors have to tell, for test/drift/stream.

Run with Debian's python3 (packages python3-numpy, python3-scipy):
    /usr/bin/python3 scripts/reference-stats/streams.py

Two sources that know nothing of the TypeScript code:
- `published`: the streams of River's unit tests (river/drift/test_drift_detectors.py, test_adwin_regression.py) and doctests, rebuilt
  from their seeds, and the indices that River's authors state there.
- `traces`: the algorithms of the papers worked out here over whole segments of a stream (cumulative sums, running minima, raw windows)
  instead of value by value. The same functions have to find the published indices, or this script fails.
"""

import json
import math
import pathlib
import random
import warnings

import numpy as np
import scipy
from scipy import stats
from scipy.special import logsumexp

SEED = 20251017
WARN, DRIFT = 1, 2


def first_drift(levels):
    """Levels up to the first drift, that one included."""
    hits = np.flatnonzero(levels == DRIFT)
    return levels[: hits[0] + 1] if len(hits) else levels


def running_argmin(values, last):
    """Index of the least value so far: the last or the first of equal ones."""
    best, out = 0, []
    for i, value in enumerate(values):
        if value < values[best] or (last and value == values[best]):
            best = i
        out.append(best)
    return np.array(out)


def ddm(x, warmStart=30, warningThreshold=2.0, driftThreshold=3.0, minErrors=10, compat=False):
    n = np.arange(1, len(x) + 1)
    errors = np.cumsum(x)
    p = errors / n
    s = np.sqrt(p * (1 - p) / n)
    told = (n > warmStart) & (errors >= (0 if compat else minErrors))
    best = running_argmin(np.where(told, p + s, np.inf), last=True)
    levels = np.zeros(len(x), int)
    levels[told & (p + s - p[best] > warningThreshold * s[best])] = WARN
    levels[told & (p + s - p[best] > driftThreshold * s[best])] = DRIFT
    return first_drift(levels)


def eddm(x, warmStart=30, alpha=0.95, beta=0.9, compat=False):
    positions = np.flatnonzero(x) + 1
    levels = np.zeros(len(x), int)
    greatest, level = -math.inf, 0
    distances = np.diff(np.concatenate([[0], positions]))
    at = {int(position): k for k, position in enumerate(positions, 1)}
    for n in range(1, len(x) + 1):
        k = at.get(n)
        if k is not None and (n > warmStart if compat else k >= warmStart):
            spread = distances[:k].mean() + 2 * (distances[:k].std(ddof=1) if k > 1 else 0)
            if spread > greatest:
                greatest = spread
                level = level if compat else 0
            elif k > warmStart:
                level = DRIFT if spread / greatest < beta else WARN if spread / greatest < alpha else 0
        levels[n - 1] = level
        if level == DRIFT:
            break
    return first_drift(levels[:n])


def hddm_a(x, driftConfidence=0.001, warningConfidence=0.005, twoSided=False):
    n = np.arange(1, len(x) + 1)
    mean = np.cumsum(x) / n
    bound = np.sqrt(math.log(1 / driftConfidence) / (2 * n))
    levels = np.zeros(len(x), int)
    for sign in (1, -1) if twoSided else (1,):
        cut = running_argmin(sign * mean + bound, last=True)
        difference = sign * (mean - mean[cut])
        m = (n - n[cut]) / n[cut] / n
        for confidence, level in ((warningConfidence, WARN), (driftConfidence, DRIFT)):
            hit = (cut != n - 1) & (difference >= np.sqrt(m / 2 * math.log(2 / confidence)))
            levels = np.where(hit, np.maximum(levels, level), levels)
    return first_drift(levels)


def ewma(x, decay):
    """Exponentially weighted mean, begun by the first value, by its weights."""
    t = len(x)
    weights = decay * (1 - decay) ** np.arange(t - 1, -1, -1.0)
    weights[0] = (1 - decay) ** (t - 1)
    return float(weights @ x)


def independent_bound(t, decay):
    r = (1 - decay) ** 2
    return r**t + decay**2 * (1 - r**t) / (1 - r)


def hddm_w(x, driftConfidence=0.001, warningConfidence=0.005, **options):
    decay, two_sided = options.get("lambda", 0.05), options.get("twoSided", False)
    x = np.asarray(x, float)
    mean = np.array([ewma(x[:t], decay) for t in range(1, len(x) + 1)])
    weight = np.array([independent_bound(t, decay) for t in range(1, len(x) + 1)])
    levels = np.zeros(len(x), int)
    for sign in (1, -1) if two_sided else (1,):
        cut = running_argmin(sign * mean + np.sqrt(weight * math.log(1 / driftConfidence) / 2), last=False)
        for t in range(len(x)):
            after = x[cut[t] + 1 : t + 1]
            if len(after) == 0:
                continue
            difference = sign * (ewma(after, decay) - mean[cut[t]])
            total = weight[cut[t]] + independent_bound(len(after), decay)
            for confidence, level in ((warningConfidence, WARN), (driftConfidence, DRIFT)):
                if difference > math.sqrt(total * math.log(1 / confidence) / 2):
                    levels[t] = max(levels[t], level)
    return first_drift(levels)


def page_hinkley(x, minInstances=30, delta=0.005, threshold=50.0, alpha=0.9999, mode="both"):
    x = np.asarray(x, float)
    deviation = x - np.cumsum(x) / np.arange(1, len(x) + 1)
    powers = alpha ** np.arange(len(x), dtype=float)
    rise = np.array([powers[: t + 1][::-1] @ (deviation[: t + 1] - delta) for t in range(len(x))])
    fall = np.array([powers[: t + 1][::-1] @ (deviation[: t + 1] + delta) for t in range(len(x))])
    up = rise - np.minimum.accumulate(rise) > threshold
    down = np.maximum.accumulate(fall) - fall > threshold
    hit = (up if mode == "up" else down if mode == "down" else up | down) & (np.arange(1, len(x) + 1) >= minInstances)
    return first_drift(np.where(hit, DRIFT, 0))


def adwin(x, delta=0.002, clock=32, maxBuckets=5, minWindowLength=5, gracePeriod=10, mode="both"):
    """On raw values: `sizes` are those of the buckets, the oldest first; means and variances are taken of the values themselves."""
    x = np.asarray(x, float)
    start, sizes, levels = 0, [], np.zeros(len(x), int)

    def significant(end):
        window = x[start:end]
        width = len(window)
        for older in np.cumsum(sizes)[:-1]:
            newer = width - older
            if older < minWindowLength or newer < minWindowLength:
                continue
            term = math.log(2 * math.log(width) / delta)
            inverse = 1 / (older - minWindowLength + 1) + 1 / (newer - minWindowLength + 1)
            if abs(window[:older].mean() - window[older:].mean()) > math.sqrt(2 * inverse * window.var() * term) + 2 / 3 * term * inverse:
                return True
        return False

    for end in range(1, len(x) + 1):
        sizes.append(1)
        size = 1
        while sizes.count(size) > maxBuckets:
            i = sizes.index(size)
            sizes[i : i + 2] = [2 * size]
            size *= 2
        if end % clock == 0 and end - start > gracePeriod:
            before = x[start:end].mean()
            found = False
            while significant(end):
                found = True
                start += sizes.pop(0)
            if found and (mode == "both" or (x[start:end].mean() > before) == (mode == "up")):
                levels[end - 1] = DRIFT
                break
    return first_drift(levels[:end])


def sfc32(seed):
    """The generator of src/core/random.ts, from PractRand's and splitmix32's definitions."""
    mask = 0xFFFFFFFF
    state = seed & mask

    def mix():
        nonlocal state
        state = (state + 0x9E3779B9) & mask
        z = state ^ (state >> 16)
        z = z * 0x21F0AAAD & mask
        z ^= z >> 15
        z = z * 0x735A2D97 & mask
        return z ^ (z >> 15)

    a, b, c = mix(), mix(), mix()
    counter = 1
    drawn = 0
    while True:
        total = (a + b + counter) & mask
        counter = (counter + 1) & mask
        a = b ^ (b >> 9)
        b = (c + (c << 3)) & mask
        c = (((c << 21) | (c >> 11)) + total) & mask
        drawn += 1
        if drawn > 12:
            yield total


def kswin(x, alpha=0.005, windowSize=100, statSize=30, minDistance=0.1, seed=0):
    x = np.asarray(x, float)
    levels = np.zeros(len(x), int)
    for end in range(windowSize, len(x) + 1):
        older = list(x[end - windowSize : end - statSize])
        numbers = sfc32(seed + end * 0x85EBCA6B)
        for i in range(statSize):
            bound = len(older) - i
            value = next(v for v in numbers if v < 2**32 - 2**32 % bound)
            j = i + value % bound
            older[i], older[j] = older[j], older[i]
        # SciPy warns where rounding makes a p-value exceed 1.
        test = stats.ks_2samp(older[:statSize], x[end - statSize : end], method="exact")
        if test.pvalue <= alpha and test.statistic > minDistance:
            levels[end - 1] = DRIFT
            break
    return first_drift(levels)


def cusum(x, target=None, minInstances=30, slack=0.5, threshold=5.0, mode="both", compat=False):
    x = np.asarray(x, float)
    levels = np.zeros(len(x), int)
    begin = 0
    if target is None:
        begin = minInstances - 1
        head = x[:minInstances]
        if not compat and len(set(head)) == 1:
            others = np.flatnonzero(x != x[0])
            begin = int(others[0]) + 1 if len(others) else len(x)
            head = x[:begin]
        target = {"mean": head.mean(), "deviation": head.std(ddof=1)} if begin < len(x) else None
    rise = fall = 0.0
    for t in range(begin, len(x)):
        z = x[t] - target["mean"]
        rise = max(0.0, rise + z - slack * target["deviation"])
        fall = max(0.0, fall - z - slack * target["deviation"])
        limit = threshold * target["deviation"]
        if (mode != "down" and rise > limit) or (mode != "up" and fall > limit):
            levels[t] = DRIFT
            break
    return first_drift(levels)


def wilson(errors, rows, z, sign):
    p = errors / rows
    center = (p + z * z / (2 * rows)) / (1 + z * z / rows)
    return center + sign * z / (1 + z * z / rows) * math.sqrt(p * (1 - p) / rows + z * z / (4 * rows * rows))


def e_detector(x, falseAlarmEvery=100_000, falseWarningEvery=None, baseline=None, confidence=0.95, upperMean=None, lowerMean=None, mode="up"):
    """The sum over start times itself, in logarithms."""
    x = np.asarray(x, float)
    z = stats.norm.isf((1 - confidence) / (2 if mode == "both" else 1))
    logs = []
    for direction in ("up", "down"):
        if mode not in (direction, "both"):
            continue
        y = x if direction == "up" else 1 - x
        given = upperMean if direction == "up" else lowerMean
        bound = given if given is not None else wilson(baseline["errors"], baseline["rows"], z, 1 if direction == "up" else -1)
        m = bound if direction == "up" else 1 - bound
        for factor in (1.25, 1.5, 2, 3, 5, 10):
            odds = factor * m / (1 - m)
            q = odds / (1 + odds)
            logs.append(np.concatenate([[0], np.cumsum(np.log(y * q / m + (1 - y) * (1 - q) / (1 - m)))]))
    levels = np.zeros(len(x), int)
    evidence = 0.0
    for n in range(1, len(x) + 1):
        evidence = float(np.mean([math.exp(logsumexp(s[n] - s[:n])) for s in logs]))
        if evidence >= falseAlarmEvery:
            levels[n - 1] = DRIFT
            break
        if evidence >= (falseWarningEvery or falseAlarmEvery / 10):
            levels[n - 1] = WARN
    e_detector.evidence = evidence
    return first_drift(levels[:n])


DETECTORS = {
    "ddm": ddm, "eddm": eddm, "hddm-a": hddm_a, "hddm-w": hddm_w, "page-hinkley": page_hinkley, "adwin": adwin, "kswin": kswin,
    "cusum": cusum, "e-detector": e_detector,
}


def trace(detector, x, options):
    """Drifts, and warnings as ranges [first, last], over a stream on which the detector begins anew after each drift."""
    drifts, warned, start = [], [], 0
    while start < len(x):
        levels = np.zeros(0, int)
        # Some of them take quadratic time: try the next values before all that are left.
        for end in sorted({min(start + 800, len(x)), len(x)}):
            levels = DETECTORS[detector](x[start:end], **options)
            if levels[-1] == DRIFT:
                break
        warned += [start + int(i) for i in np.flatnonzero(levels == WARN)]
        start += len(levels)
        if levels[-1] != DRIFT:
            break
        drifts.append(start - 1)
    ranges = []
    for i in warned:
        if ranges and ranges[-1][1] == i - 1:
            ranges[-1][1] = i
        else:
            ranges.append([i, i])
    return {"drifts": drifts, "warnings": ranges}


def numpy_streams():
    np.random.seed(12345)
    one = np.concatenate((np.random.randint(2, size=1000), np.random.randint(8, size=1000)))
    np.random.seed(12345)
    two = np.concatenate([[np.random.binomial(1, 0.2) for _ in range(1000)], [np.random.binomial(1, 0.8) for _ in range(1000)]])
    np.random.seed(12345)
    three = np.concatenate([np.random.normal(mean, 0.1, 500) > 0 for mean in (0.0, 0.25, 0.0, 0.25)])
    return one, two.astype(int), three.astype(int)


def python_streams():
    rng = random.Random(42)
    steps = rng.choices([0, 1], k=1000) + rng.choices(range(4, 8), k=1000) + rng.choices([0, 1], k=1000) + rng.choices(range(4, 8), k=1000)
    rng = random.Random(12345)
    step = rng.choices([0, 1], k=1000) + rng.choices(range(4, 8), k=1000)
    rng = random.Random(42)
    coin = rng.choices([0, 1], k=1000) + rng.choices([0, 1], k=1000, weights=[0.3, 0.7])
    rng = random.Random(12345)
    normal = [rng.gauss(0, 1) for _ in range(200)] + [rng.gauss(3, 1) for _ in range(200)]
    return steps, step, coin, normal


def own_streams():
    rng = np.random.default_rng(SEED)
    bits = lambda *parts: np.concatenate([rng.random(n) < p for n, p in parts]).astype(int)
    thousandths = lambda *parts: np.concatenate([np.round(1000 * rng.beta(a, b, n)) for n, a, b in parts]).astype(int)
    return {
        "rare": bits((3000, 0.01), (2000, 0.03)),
        "rise": bits((2000, 0.05), (2000, 0.2)),
        "fall": bits((1500, 0.4), (1500, 0.1)),
        "levels": thousandths((1000, 2, 6), (800, 4, 4), (700, 2, 6)),
    }


def encode(values):
    """Bits as hexadecimal digits, digits as they are, others as numbers."""
    values = [v.item() if hasattr(v, "item") else v for v in values]
    if all(v in (0, 1) for v in values):
        assert len(values) % 4 == 0
        return {"bits": f"{int(''.join(map(str, values)), 2):0{len(values) // 4}x}"}
    if all(isinstance(v, int) and 0 <= v <= 9 for v in values):
        return {"digits": "".join(map(str, values))}
    return {"thousandths": values} if all(isinstance(v, int) for v in values) else {"values": values}


def main():
    warnings.simplefilter("ignore", RuntimeWarning)
    one, two, three = numpy_streams()
    steps, step, coin, normal = python_streams()
    own = own_streams()
    streams = {"river1": one, "river2": two, "river3": three, "steps": steps, "step": step, "coin": coin, "normal": normal}
    published = [
        ("adwin", "river1", {}, [1023], None),
        ("adwin", "steps", {}, [1023, 2015, 3007], None),
        ("ddm", "river2", {"compat": True}, [1049], None),
        ("ddm", "coin", {"compat": True}, [1334], [1084, 1492]),
        ("eddm", "river2", {"alpha": 0.9, "beta": 0.8, "compat": True}, [1059], None),
        ("eddm", "coin", {"alpha": 0.8, "beta": 0.75, "compat": True}, [1278], [1059]),
        ("hddm-a", "river2", {}, [1047], None),
        ("hddm-a", "river3", {"twoSided": True}, [531, 1015, 1545], None),
        ("hddm-a", "coin", {}, [1206], [451]),
        ("hddm-w", "river2", {}, [1018], None),
        ("hddm-w", "river3", {"twoSided": True}, [507, 1032, 1508], None),
        ("hddm-w", "coin", {}, [1077], [451]),
        ("page-hinkley", "river3", {"mode": "up"}, [588, 1681], None),
        ("page-hinkley", "river3", {"mode": "down"}, [1172], None),
        ("page-hinkley", "river3", {"mode": "both"}, [588, 1097, 1585], None),
        ("page-hinkley", "step", {}, [1006], None),
        ("adwin", "step", {}, [1023], None),
        ("cusum", "normal", {"compat": True}, [201, 251], None),
    ]
    facts = []
    for detector, stream, options, drifts, first_warnings in published:
        found = trace(detector, np.asarray(streams[stream]), options)
        assert found["drifts"] == drifts, (detector, stream, options, found["drifts"], drifts)
        # The docstrings print the first warning after the begin and after each drift.
        heads = []
        for begin, end in zip([0, *drifts], [*drifts, 10**9]):
            heads += [first for first, _ in found["warnings"] if begin <= first < end][:1]
        assert first_warnings is None or heads == first_warnings, (detector, stream, heads, first_warnings)
        facts.append({"detector": detector, "stream": stream, "options": options, "drifts": drifts, "firstWarnings": first_warnings})

    cases = [
        ("ddm", ("rare", "rise", "fall"), ({}, {"compat": True}, {"minErrors": 5, "warningThreshold": 1.5, "driftThreshold": 2.5, "warmStart": 100})),
        ("eddm", ("rare", "rise", "fall"), ({}, {"compat": True}, {"alpha": 0.85, "beta": 0.7, "warmStart": 20})),
        ("hddm-a", ("rare", "rise", "fall", "levels"), ({}, {"twoSided": True}, {"driftConfidence": 0.01, "warningConfidence": 0.05, "twoSided": True})),
        ("hddm-w", ("rise", "fall", "levels"), ({}, {"twoSided": True}, {"driftConfidence": 0.02, "warningConfidence": 0.1, "lambda": 0.02, "twoSided": True})),
        ("page-hinkley", ("rise", "fall", "levels"), ({}, {"threshold": 8, "delta": 0.02, "alpha": 0.999}, {"threshold": 12, "mode": "down"}, {"threshold": 12, "mode": "up"})),
        ("adwin", ("rare", "rise", "fall", "levels"), ({}, {"delta": 0.3, "clock": 1}, {"maxBuckets": 2, "clock": 7, "minWindowLength": 1, "delta": 0.05}, {"mode": "up", "clock": 4}, {"mode": "down", "clock": 4, "maxBuckets": 9})),
        ("kswin", ("levels", "river1"), ({}, {"alpha": 1e-4, "windowSize": 200, "statSize": 100, "seed": 42}, {"alpha": 0.001, "windowSize": 77, "statSize": 20, "minDistance": 0.6, "seed": 7})),
        ("cusum", ("levels", "rise", "fall"), ({}, {"target": {"mean": 0.25, "deviation": 0.2}, "slack": 0.25, "threshold": 8}, {"mode": "up", "minInstances": 200, "slack": 1}, {"mode": "down", "threshold": 9})),
        ("e-detector", ("rare",), ({"upperMean": 0.01, "falseAlarmEvery": 50_000}, {"baseline": {"errors": 9, "rows": 1000}}, {"baseline": {"errors": 100, "rows": 10_000}, "falseAlarmEvery": 1000, "falseWarningEvery": 20, "mode": "both"})),
        ("e-detector", ("fall",), ({"lowerMean": 0.4, "mode": "down"}, {"baseline": {"errors": 400, "rows": 1000}, "mode": "both", "confidence": 0.8})),
        ("e-detector", ("levels",), ({"upperMean": 0.26, "falseAlarmEvery": 2000}, {"baseline": {"errors": 240.5, "rows": 1000}, "mode": "both", "falseAlarmEvery": 500})),
    ]
    everything = {**streams, **own}
    traces = []
    for detector, names, options in cases:
        for stream in names:
            for option in options:
                values = np.asarray(everything[stream])
                found = trace(detector, values / 1000 if stream == "levels" else values, option)
                extra = {"evidence": e_detector.evidence} if detector == "e-detector" else {}
                traces.append({"detector": detector, "stream": stream, "options": option, **found, **extra})
    used = {row["stream"] for row in traces} | {row["stream"] for row in facts}
    result = {
        "seed": SEED, "numpy": np.__version__, "scipy": scipy.__version__,
        "streams": {name: encode(values) for name, values in everything.items() if name in used},
        "published": facts, "traces": traces,
        "gapPValues": [
            {"n": n, "gap": gap, "pValue": stats.ks_2samp([*range(n)], [i + gap - 0.5 for i in range(n)], method="exact").pvalue}
            for n, gap in ((1, 1), (5, 2), (30, 5), (30, 13), (30, 30), (100, 28), (1000, 60), (10_000, 300))
        ],
    }
    path = pathlib.Path(__file__).resolve().parents[2] / "test/reference/stats/streams.json"
    path.write_text(json.dumps(result, indent=None) + "\n")
    print(path.stat().st_size, "bytes;", len(facts), "published,", len(traces), "traces,", sum(len(t["drifts"]) for t in traces), "drifts,", sum(len(t["warnings"]) for t in traces), "ranges of warnings")


main()
