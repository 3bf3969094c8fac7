"""Text classifiers on real sentences: the descriptions that scikit-learn ships with its data sets."""

import re

import numpy
from sklearn import datasets
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from onnx import TensorProto, helper

from .convert import floats, logistic
from .graph import Graph, class_labels_ints, f32, i64, with_zip_map

TOKEN = "[a-zA-Z]+"


def sentences():
    """Lines of at least five words, and the data set that each describes."""
    texts, names = [], []
    for name in ["iris", "wine", "breast_cancer", "diabetes", "digits"]:
        description = getattr(datasets, f"load_{name}")().DESCR
        for line in description.splitlines():
            line = line.strip()
            if len(re.findall(TOKEN, line)) >= 5:
                texts.append(line)
                names.append(name)
    return train_test_split(numpy.array(texts, dtype=object), numpy.array(names), test_size=24, random_state=0, stratify=names)


def vectorizer_attributes(vectorizer):
    """The vocabulary by length of n-gram, as TfIdfVectorizer has it; `ngram_indexes` are scikit-learn's columns."""
    low, high = vectorizer.ngram_range
    grams = sorted(((tuple(gram.split(" ")), column) for gram, column in vectorizer.vocabulary_.items()), key=lambda item: (len(item[0]), item[1]))
    counts, pool = [], []
    for length in range(1, high + 1):
        counts.append(len(pool))
        for gram, _ in grams:
            if len(gram) == length:
                pool.extend(gram)
    return {"min_gram_length": low, "max_gram_length": high, "max_skip_count": 0, "mode": "TF", "ngram_counts": counts,
            "ngram_indexes": [int(column) for _, column in grams], "pool_strings": pool, "weights": [1.0] * len(grams)}


def text_model(vectorizer, estimator):
    """Sentences [None, 1]: lower case, tokens, n-grams, weights, then the linear classifier."""
    graph = Graph()
    flat = graph.add("Reshape", "text_input", graph.constant(numpy.array([-1], i64)))
    lower = graph.add("StringNormalizer", flat, case_change_action="LOWER", is_case_sensitive=0)
    tokens = graph.add("Tokenizer", lower, domain="com.microsoft", mark=0, mincharnum=1, pad_value="#", tokenexp=TOKEN)
    counts = graph.add("TfIdfVectorizer", graph.add("Flatten", tokens), **vectorizer_attributes(vectorizer))
    weighted = counts
    if hasattr(vectorizer, "idf_"):
        weighted = graph.ml("Normalizer", graph.add("Mul", counts, graph.constant(vectorizer.idf_.astype(f32))), norm="L2")
    return logistic(estimator, 0, name="text_input", graph=graph, value=weighted)


def tokens_model(vectorizer, estimator, width):
    """Tokens [None, width], padded with the empty string: only operators of the standard, which have no tokenizer."""
    graph = Graph()
    flat = graph.add("Reshape", "tokens", graph.constant(numpy.array([-1], i64)))
    lower = graph.add("StringNormalizer", flat, case_change_action="LOWER", is_case_sensitive=0)
    rows = graph.add("Reshape", lower, graph.constant(numpy.array([-1, width], i64)))
    counts = graph.add("TfIdfVectorizer", rows, **vectorizer_attributes(vectorizer))
    label, raw = graph.ml("LinearClassifier", counts, outputs=2, coefficients=floats(estimator.coef_), intercepts=floats(estimator.intercept_), multi_class=1, post_transform="SOFTMAX", **class_labels_ints(estimator.classes_))
    return with_zip_map(graph, estimator.classes_, label, graph.ml("Normalizer", raw, norm="L1"), [helper.make_tensor_value_info("tokens", TensorProto.STRING, [None, width])])


def text_cases():
    """(name, estimator's description, model bytes, input array, labels, probabilities, classes)"""
    train, held_out, train_names, _ = sentences()
    options = {"token_pattern": TOKEN, "lowercase": True}
    weighted = TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=300, **options).fit(train)
    classifier = LogisticRegression(C=10, max_iter=1000).fit(weighted.transform(train), train_names)
    rows = weighted.transform(held_out)
    yield "text_tfidf_logistic", "TfidfVectorizer(ngram_range=(1, 2)) + LogisticRegression", text_model(weighted, classifier), held_out.reshape(-1, 1), classifier.predict(rows), classifier.predict_proba(rows), classifier.classes_

    counter = CountVectorizer(min_df=2, max_features=200, **options).fit(train)
    classifier = LogisticRegression(max_iter=1000).fit(counter.transform(train), train_names)
    rows = counter.transform(held_out)
    lists = [re.findall(TOKEN, text) for text in held_out]
    width = max(map(len, lists))
    padded = numpy.array([words + [""] * (width - len(words)) for words in lists], dtype=object)
    yield "text_tokens_count_logistic", "CountVectorizer + LogisticRegression on tokens", tokens_model(counter, classifier, width), padded, classifier.predict(rows), classifier.predict_proba(rows), classifier.classes_
