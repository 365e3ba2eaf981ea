"""Synthetic reviews have the statistics that were asked for, and the same bits for the same seed."""

import numpy as np
import pytest
from scipy import stats
from sklearn.naive_bayes import MultinomialNB

from modelcollapse.corpora import load_corpus
from modelcollapse.corpora.counting.cleaning import WordCleaner
from modelcollapse.corpora.sources.synthetic.language import Language, bayes_errors, sentiments
from modelcollapse.corpora.sources.synthetic.parameters import SyntheticParameters
from modelcollapse.corpora.sources.synthetic.reviews import draw_counts, draw_documents
from modelcollapse.corpora.sources.synthetic.text import write_reviews
from modelcollapse.corpora.sources.synthetic.words import make_words
from modelcollapse.errors import CorpusError


def draw(**parameters):
    parameters = SyntheticParameters(**parameters)
    language = Language(parameters)
    documents = draw_documents(parameters, language.n_topics)
    (counts,) = draw_counts(parameters, language, documents)
    return parameters, language, documents, counts


def test_deterministic_by_seed():
    one, two = load_corpus("synthetic:500"), load_corpus("synthetic:500,seed=1")
    assert one.fingerprint == load_corpus("synthetic:500,seed=0").fingerprint
    assert one.fingerprint != two.fingerprint
    assert one.name == "synthetic:500"
    assert two.name == "synthetic:500,seed=1"


def test_known_bits():
    """The draws do not depend on the machine. If they have to change, raise the generator's version."""
    _, _, documents, counts = draw(
        documents=6,
        seed=5,
        vocabulary=40,
        zipf_exponent=1,
        zipf_shift=2,
        median_length=3,
        length_spread=0.5,
        sentiment_share=0.5,
        sentiment_strength=1,
        label_noise=0.2,
        balance=0.5,
    )
    assert documents.labels.tolist() == [0, 1, 0, 1, 1, 1]
    assert documents.lengths.tolist() == [4, 3, 8, 5, 4, 3]
    assert counts.indices[:12].tolist() == [0, 9, 27, 35, 3, 34, 35, 3, 7, 11, 14, 27]


def test_classes_noise_and_lengths():
    parameters, _, documents, counts = draw(
        documents=40_000, vocabulary=100, balance=0.3, label_noise=0.1, median_length=20, length_spread=0.5
    )
    assert int(documents.classes.sum()) == 12_000
    wrong = (documents.classes != documents.labels).sum()
    assert stats.binomtest(int(wrong), 40_000, 0.1).pvalue > 1e-4
    np.testing.assert_array_equal(np.asarray(counts.sum(axis=1)).ravel(), documents.lengths)
    logs = np.log(documents.lengths)
    assert abs(np.median(logs) - np.log(20)) < 0.03
    assert abs(logs.std() - parameters.length_spread) < 0.02


@pytest.mark.parametrize("topics", [0, 3])
def test_words_follow_their_probabilities(topics):
    _, language, documents, counts = draw(
        documents=5_000, vocabulary=60, median_length=40, sentiment_strength=2, sentiment_share=0.5, topics=topics
    )
    assert language.words == sorted(language.words)
    np.testing.assert_allclose(np.exp(language.log_probabilities).sum(axis=2), 1)
    for label in (0, 1):
        for topic in range(language.n_topics):
            chosen = (documents.classes == label) & (documents.topics == topic)
            seen = np.asarray(counts[chosen].sum(axis=0)).ravel()
            expected = np.exp(language.log_probabilities[label, topic]) * seen.sum()
            assert stats.chisquare(seen, expected).pvalue > 1e-4


def test_zipf_and_sentiments():
    parameters = SyntheticParameters(
        documents=1, vocabulary=1000, zipf_exponent=1.2, zipf_shift=5, sentiment_share=0.2, sentiment_strength=1.5
    )
    effects = sentiments(parameters)
    carriers = effects[effects != 0]
    assert len(carriers) == 200
    assert (carriers > 0).sum() == 100
    assert abs(np.sqrt((carriers**2).mean()) - 1.5) < 0.1
    neutral = SyntheticParameters(documents=1, vocabulary=1000, zipf_exponent=1.2, zipf_shift=5, sentiment_share=0)
    probabilities = np.sort(np.exp(Language(neutral).log_probabilities[0, 0]))[::-1]
    np.testing.assert_allclose(probabilities / probabilities[0], ((np.arange(1000) + 6) / 6) ** -1.2)


@pytest.mark.parametrize("topics", [0, 4])
def test_bayes_error(topics):
    """The reported error is that of the rule that knows the language; no learner does better."""
    parameters, language, documents, counts = draw(
        documents=30_000,
        vocabulary=300,
        median_length=8,
        sentiment_share=0.3,
        topics=topics,
        balance=0.4,
        label_noise=0.05,
        sentiment_strength=0.8,
    )
    log_odds = language.log_odds(counts, parameters.balance)
    error = bayes_errors(log_odds, parameters.label_noise).mean()
    made = (log_odds > 0) != documents.labels
    assert abs(made.mean() - error) < 4 * np.sqrt(error * (1 - error) / len(made))
    learned = MultinomialNB().fit(counts[:15_000], documents.labels[:15_000])
    assert (learned.predict(counts[15_000:]) != documents.labels[15_000:]).mean() > error - 0.01
    assert 0.05 < error < 0.45


def test_bayes_error_at_its_ends():
    np.testing.assert_allclose(bayes_errors(np.array([0.0, 50.0, -50.0]), 0.0), [0.5, 0, 0], atol=1e-12)
    np.testing.assert_allclose(bayes_errors(np.array([50.0, -50.0]), 0.2), 0.2)
    assert load_corpus("synthetic:400,sentiment_share=0").origin.bayes_error.error == pytest.approx(0.5)


def test_corpus_is_canonical():
    corpus = load_corpus("synthetic:2000,vocabulary=5000")
    assert corpus.counts.has_sorted_indices
    assert np.unique(corpus.indices).tolist() == list(range(corpus.n_terms))
    vocabulary = corpus.load_vocabulary().tolist()
    assert vocabulary == sorted(set(vocabulary))
    assert (corpus.data > 0).all()
    within = np.diff(corpus.indices)
    starts = corpus.indptr[1:-1] - 1
    assert (np.delete(within, starts) > 0).all()


def test_words_are_left_alone_by_the_text_pipeline():
    words = make_words(60_000)
    assert len(set(words)) == len(words)
    clean = WordCleaner()
    assert all(clean(word) == [word] for word in words)


def test_text_gives_the_same_corpus(tmp_path):
    corpus = load_corpus("synthetic:300,vocabulary=2000")
    write_reviews(corpus, tmp_path / "reviews.csv")
    again = load_corpus(tmp_path / "reviews.csv")
    assert again.fingerprint == corpus.fingerprint
    with pytest.raises(CorpusError, match="only synthetic corpora"):
        write_reviews(again, tmp_path / "more.csv")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("synthetic:", "documents"),
        ("synthetic:0", "documents: found .0.: input should be greater than or equal to 1"),
        ("synthetic:10,colour=3", "colour: Extra inputs.*parameters seed, vocabulary"),
        ("synthetic:10,balance=2", "balance"),
        ("synthetic:10,seed", "seed"),
    ],
)
def test_clear_errors(name, message):
    with pytest.raises(CorpusError, match=message):
        load_corpus(name)


def test_text_options_do_not_apply():
    with pytest.raises(CorpusError, match="options for reading and cleaning do not apply"):
        load_corpus("synthetic:10", ngrams=2)
