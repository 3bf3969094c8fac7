"""Prints JSON: nanoseconds per update of plain Python DDM and ADWIN, value by value, as Python's libraries do it without compiled code."""

import json
import math
import random
import time

COUNT = 20_000


class Ddm:
    def __init__(self):
        self.n = 0
        self.errors = 0
        self.least = (math.inf, math.inf)
        self.drift = False

    def update(self, x):
        if self.drift:
            self.__init__()
        self.n += 1
        self.errors += x
        p = self.errors / self.n
        s = math.sqrt(p * (1 - p) / self.n)
        if self.n > 30:
            if p + s <= self.least[0] + self.least[1]:
                self.least = (p, s)
            self.drift = p + s > self.least[0] + 3 * self.least[1]


class Adwin:
    def __init__(self):
        self.rows = [[]]
        self.width = self.tick = 0
        self.total = self.squares = 0.0
        self.drift = False

    def update(self, x):
        if self.drift:
            self.__init__()
        if self.width:
            self.squares += self.width / (self.width + 1) * (x - self.total / self.width) ** 2
        self.width += 1
        self.total += x
        self.rows[0].append((x, 0.0))
        i = 0
        while len(self.rows[i]) > 5:
            if i + 1 == len(self.rows):
                self.rows.append([])
            (a, va), (b, vb) = self.rows[i][:2]
            self.rows[i + 1].append((a + b, va + vb + 2**i / 2 * ((a - b) / 2**i) ** 2))
            del self.rows[i][:2]
            i += 1
        self.tick += 1
        if self.tick % 32 == 0 and self.width > 10:
            while self.cut():
                self.drift = True
                total, squares = self.rows[-1].pop(0)
                size = 2 ** (len(self.rows) - 1)
                self.width -= size
                self.total -= total
                self.squares -= squares + size * self.width / (size + self.width) * (total / size - self.total / self.width) ** 2
                if not self.rows[-1]:
                    self.rows.pop()

    def cut(self):
        older = total = 0
        term = math.log(2 * math.log(self.width) / 0.002)
        variance = max(0.0, self.squares / self.width)
        for i in range(len(self.rows) - 1, -1, -1):
            for bucket, _ in self.rows[i]:
                older += 2**i
                total += bucket
                newer = self.width - older
                if newer < 5:
                    return False
                if older < 5:
                    continue
                inverse = 1 / (older - 4) + 1 / (newer - 4)
                if abs(total / older - (self.total - total) / newer) > math.sqrt(2 * inverse * variance * term) + 2 / 3 * term * inverse:
                    return True
        return False


def nanoseconds(make):
    rng = random.Random(42)
    values = [1 if rng.random() < 0.1 else 0 for _ in range(COUNT)]
    best = math.inf
    for _ in range(5):
        detector = make()
        started = time.perf_counter()
        for value in values:
            detector.update(value)
        best = min(best, time.perf_counter() - started)
    return best / COUNT * 1e9


print(json.dumps({"ddm": nanoseconds(Ddm), "adwin": nanoseconds(Adwin)}))
