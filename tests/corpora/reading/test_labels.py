"""Labels are two classes where they are written so, and else as many as there are."""

import numpy as np
import pytest

from modelcollapse.corpora.reading.batches import RowBatch
from modelcollapse.corpora.reading.labels import TWO, UNKNOWN, LabelColumn
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.errors import CorpusError


def classes_of(labels, ratings=False, keep_stars=False, keep_going=False):
    column = LabelColumn(keep_stars, keep_going)
    column.add(RowBatch("a", ratings, labels=labels, lines=list(range(1, len(labels) + 1))))
    report = ReadReport(read=len(labels))
    return column.classes(report), report


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["0", "1"], TWO),
        (["no", "Yes"], TWO),
        (["1", "2"], TWO),
        (["10", "2", "1.0"], ("1", "2", "10")),
        (["spam", "Ham", "ham "], ("Ham", "spam")),
        (["b", "a", "3"], ("3", "a", "b")),
        (["__label__x  y", "z", "é"], ("x y", "z", "é")),
    ],
)
def test_names_of_classes(labels, names):
    found, _ = classes_of(labels * 20)
    assert found.names == names
    assert set(found.of_rows.tolist()) == set(range(len(names)))


def test_values_of_few_rows_are_no_classes():
    labels = ["a", "b", "c"] * 500 + ["d"] * 9
    found, report = classes_of(labels)
    assert found.names == ("a", "b", "c")
    assert (found.of_rows[-9:] == UNKNOWN).all()
    assert report.bad == {"unknown label": 9}
    with pytest.raises(CorpusError, match=r"not two classes: found a \(20\), .*each of at least 10 rows"):
        classes_of(["a", "b", "c"] * 20 + ["d"] * 9)
    assert classes_of(["a", "b", "c"] * 20 + ["d"] * 9, keep_going=True)[0].names == ("a", "b", "c")


def test_nothing_is_no_class():
    found, report = classes_of(["a", "b"] * 1000 + [""] * 12)
    assert found.names == ("a", "b")
    assert report.bad == {"unknown label": 12}


def test_stars_are_two_classes_or_five():
    stars = [str(stars) for stars in (1, 2, 3, 4, 5)] * 20
    two, _ = classes_of(stars, ratings=True)
    assert two.names == TWO
    assert two.are_there.sum() == 80
    five, _ = classes_of(stars, ratings=True, keep_stars=True)
    assert five.names == ("1", "2", "3", "4", "5")
    assert five.labels(np.ones(100, bool)).dtype == np.uint16
    with pytest.raises(CorpusError, match="Expected stars"):
        classes_of(["7"] * 50 + ["8"] * 50, ratings=True, keep_stars=True)
