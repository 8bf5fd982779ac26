"""BM25 of another implementation (bm25s, its `lucene` method) over the texts that we rank, for bench/retrieval.ts.

Python 3.11 with bm25s 0.3.16 and PyStemmer 3.1.0, for instance

    pip install --target FOLDER bm25s==0.3.16 PyStemmer==3.1.0
    PYTHONPATH=FOLDER npx tsx bench/retrieval.ts ...

Reads {"texts": [...], "queries": [...], "limit": n} and writes {"versions": ..., "rankings": [[place of a text,
best first], ...]}, a ranking a query. Texts that share no word with the query are left out.
"""

import json
import sys

import bm25s
import Stemmer

K1 = 1.2
B = 0.75

given = json.load(sys.stdin)
stemmer = Stemmer.Stemmer("english")


def tokenize(texts):
    return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)


index = bm25s.BM25(method="lucene", k1=K1, b=B)
index.index(tokenize(given["texts"]), show_progress=False)
limit = min(given["limit"], len(given["texts"]))
places, scores = index.retrieve(tokenize(given["queries"]), k=limit, show_progress=False)
rankings = [
    [int(place) for place, score in zip(row, marks) if score > 0]
    for row, marks in zip(places, scores)
]
versions = f"bm25s {bm25s.__version__}, PyStemmer {Stemmer.version()}"
json.dump({"versions": versions, "rankings": rankings}, sys.stdout)
