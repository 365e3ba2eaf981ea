"""A sweep: the product of seeds × rates × initial sizes × models × parameters × regimes × label rules.

Field names are the names of the command line's options and of the keys of spec files. Every field takes what people
type (``"0:0.3:0.03"``, ``"3,5,8"``, ``20``) as well as Python values (lists, ranges, numbers).
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)

from modelcollapse import notebook
from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.dense import DenseCorpus
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.domains.features import FOREST, OTHER_FOREST
from modelcollapse.domains.multiclass.domain import Multiclass
from modelcollapse.errors import ModelCollapseError, SpecError, first_problem
from modelcollapse.simulation.domain import Domain
from modelcollapse.simulation.learning.estimators import Estimator
from modelcollapse.simulation.regimes import find_regime
from modelcollapse.simulation.spec import ChainSpec, Growth, Model, TermSelection, rate_text
from modelcollapse.sweeps.parsing import LIMIT, parse_numbers, parse_sizes
from modelcollapse.sweeps.sweep_fields import SweepFields


class Sweep(SweepFields, BaseModel):
    """A set of chains: the product of seeds, rates, initial sizes, models, regimes and label rules.

    Parameters
    ----------
    experiment : str
        The name of the sweep: the `experiment` column of its results.
    domain : str
        What increments are made of: see `domains.catalogue`. What follows is said of classification; fields that
        another domain does not have are refused.
    rates : numbers in [0, 1]
        Collapse rates.
    seeds : int or integers
        ``20`` means seeds 0 … 19.
    initial_size : int or integers
        Documents in generation 0's training set.
    final_size : int, optional
        Documents seen at the end; by default the top of the ladder, or the initial size.
    increment : int, optional
        Documents added between two generations; or
    sizes : integers or ``"geometric:FIRST:LAST:COUNT"``, optional
        an explicit ladder; each chain climbs the sizes above its initial size.
    shared_reference : bool
        On a ladder: let the one chain at rate 0 that starts from the smallest initial size be everybody's reference –
        it passes all other initial sizes. That saves a training at every size for every start; what it costs is the
        pairing of the other starts with it.
    test_size : int
        Documents of the test set.
    model : names or import paths
        Learners: see `simulation.learning.learners`.
    model_param : mapping of name to values
        Parameters, each an axis; applied to the models that have them.
    trees : int, optional
        Trees of the models that are forests: ``n_estimators``.
    regime, label_rule : names
        See `simulation.regimes` and `simulation.label_rules`.
    min_df, max_ngram, max_terms : int
        Terms that the vectoriser, refitted in every generation, keeps.

    Raises
    ------
    SpecError
        In one line: the value found, and the one expected.

    Examples
    --------
    >>> sweep = Sweep(rates="0:0.3:0.1", seeds=5, initial_size=1000, final_size=4000, increment=250)
    >>> len(list(sweep.chains())), sweep.documents_needed
    (20, 6500)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    #: Models that are no names: see `with_learners`.
    _objects: Mapping[str, Estimator] = PrivateAttr(default_factory=dict)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SpecError(_one_line(error)) from None
        except UnicodeEncodeError as error:  # arguments of the command line may be any bytes
            raise SpecError(f"Found {error.object!r}, expected text in UTF-8.") from None

    @field_validator("*")
    @classmethod
    def _check_size(cls, value: Any) -> Any:
        if isinstance(value, int) and value >= LIMIT:
            raise ValueError(f"found {value:,}, expected a whole number below {LIMIT:,}")
        return value

    @field_validator("regime")
    @classmethod
    def _check_regimes(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            find_regime(name)
        return names

    @field_serializer("rates")
    def _rates_as_text(self, rates: tuple[Decimal, ...]) -> list[str]:
        return [rate_text(rate) for rate in rates]

    @model_serializer(mode="wrap")
    def _without_idle_fields(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what the domain does not have; sweeps were classification before there were domains."""
        idle = {*self._domain.lacks, *(("domain",) if self.domain == "classification" else ())}
        return {name: value for name, value in write(self).items() if name not in idle}

    @model_validator(mode="before")
    @classmethod
    def _with_the_domains_defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        name = values.get("domain", "classification")
        domain = find_domain(str(name))
        if idle := [field for field in values if field in domain.lacks]:
            raise ValueError(f"found {idle[0]}, which the domain '{name}' does not have")
        return {**domain.defaults, **values}

    @model_validator(mode="before")
    @classmethod
    def _default_final_size(cls, values: dict[str, Any]) -> dict[str, Any]:
        given = values.get("final_size")
        is_open = given is None or (isinstance(given, int) and not isinstance(given, bool) and given == 0)
        if is_open and "initial_size" in values:
            ladder = parse_sizes(values.get("sizes")) or []
            values = {**values, "final_size": int(max([*ladder, *parse_numbers(values["initial_size"])]))}
        return values

    @model_validator(mode="after")
    def _check_rules(self) -> Sweep:
        self._domain.check_rules(self.label_rule)
        return self

    @model_validator(mode="after")
    def _check_growth(self) -> Sweep:
        if self.increment is not None and self.sizes is not None:
            raise ValueError("found both increment and sizes, expected one of them")
        if max(self.initial_size) > self.final_size:
            raise ValueError(
                f"found final_size {self.final_size:,} below initial_size {max(self.initial_size):,}, "
                "expected it to be at least as large"
            )
        if self.shared_reference and (self.sizes is None or self.regime != ("accumulate",)):
            raise ValueError("found shared_reference without a ladder of sizes or with another regime than accumulate")
        if self.final_size > min(self.initial_size) and self.increment is None and self.sizes is None:
            raise ValueError(f"found final_size {self.final_size:,} without increment or sizes, expected one of them")
        return self

    def with_learners(self, learners: Mapping[str, Any] | None) -> Sweep:
        """Return the sweep with classifiers that are given as objects, by the names that they have in results.

        They take the place of its models, unless it names models: then theirs must be among them.

        Parameters
        ----------
        learners : mapping of str to estimator, optional
            scikit-learn compatible classifiers; pipelines and meta-estimators included. What they have learnt is
            forgotten. `model_param` sets parameters of theirs, and their parts' (``logisticregression__C``).

        Raises
        ------
        LearnerError
            If one is no classifier, or what makes its results cannot be told: see `learning.identities`.
        SpecError
            If the sweep names other models, or its domain has no classifiers.

        Examples
        --------
        >>> from sklearn.linear_model import Perceptron
        >>> sweep = Sweep(rates=[0, 1], initial_size=100)
        >>> sweep.with_learners({"perceptron": Perceptron()}).model
        ('perceptron',)
        """
        if learners is not None and not isinstance(learners, Mapping):
            raise SpecError(
                f"learners: found a {type(learners).__name__}, expected names and objects: "
                "learners={'my-model': LinearSVC()}."
            )
        if not learners:
            return self
        if "learners" in self._domain.lacks:
            raise SpecError(f"learners: found {next(iter(learners))!r:.60}, but '{self.domain}' has models of its own.")
        objects = {name: Estimator(name, given) for name, given in learners.items()}
        names = self.model if "model" in self.model_fields_set else tuple(objects)
        if idle := [name for name in objects if name not in names]:
            raise SpecError(
                f"learners: found '{idle[0]}', but the sweep's model is {', '.join(names)}: name it there, or leave "
                "model out."
            )
        sweep = self.model_copy(update={"model": names})
        sweep._objects = objects
        return sweep

    def on(self, corpus: Any) -> Sweep:
        """Return the sweep as it is run on a corpus: in the domain of its classes, and with a forest that takes it.

        Of more than two classes classification is the domain ``multiclass``. Our forest takes counts of words in two
        classes; else scikit-learn's runs in its place, with the same parameters: see
        `simulation.learning.learners.STUDY_FOREST`.

        Examples
        --------
        >>> from modelcollapse import load_corpus
        >>> Sweep(rates=0, initial_size=200).on(load_corpus("sklearn:breast_cancer", progress=False)).model
        ('forest-sklearn',)
        """
        if not isinstance(corpus, Corpus | DenseCorpus):
            return self
        has_many = len(corpus.classes) > 2
        domain = Multiclass.name if has_many and self.domain == "classification" else self.domain
        return self.of(domain, with_our_forest=isinstance(corpus, Corpus) and not has_many)

    def of(self, domain: str, with_our_forest: bool) -> Sweep:
        """Return the sweep in another domain, with our forest or scikit-learn's."""
        names = self.model
        if not with_our_forest:
            names = tuple(dict.fromkeys(OTHER_FOREST if name == FOREST else name for name in names))
        return self.model_copy(update={"model": names, "domain": domain})

    @property
    def _domain(self) -> Domain:
        return find_domain(self.domain)

    @property
    def documents_needed(self) -> int:
        """Documents that a corpus must have: test set and final size; none where slots are no documents."""
        return 0 if "test_size" in self._domain.lacks else self.test_size + self.final_size

    def models(self) -> list[Model]:
        """Return every model with every combination of the parameters it has.

        Raises
        ------
        LearnerError, SpecError
            If a learner does not exist, no learner has a parameter, or a value is impossible.
        """
        params = dict(self.model_param)
        known = {name: self._parameter_names(name) for name in self.model}
        if self.trees is not None and any("n_estimators" in names for names in known.values()):
            params["n_estimators"] = (self.trees,)
        for param in params:
            if not any(param in names for names in known.values()):
                raise SpecError(
                    f"model_param: found '{param}', which {', '.join(self.model)} does not have; expected one of "
                    f"{', '.join(sorted(set().union(*known.values())))}."
                )
        models: list[Model] = []
        for name in self.model:
            own = [param for param in sorted(params) if param in known[name]]
            for values in itertools.product(*(params[param] for param in own)):
                pairs = tuple(zip(own, values, strict=True))
                given = self._objects.get(name)
                models.append(given.model(pairs) if given else Model(name, pairs))
        for model in models:
            self._domain.check_model(model)
        self._domain.check_rules(self.label_rule, models)
        return models

    def _parameter_names(self, name: str) -> Collection[str]:
        given = self._objects.get(name)
        return given.parameter_names() if given else self._domain.parameter_names(name)

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {
            "collapse rates": ", ".join(f"{float(100 * rate):g} %" for rate in self.rates),
            "seeds": f"{len(self.seeds)} ({_shortened(self.seeds)})",
            self._domain.slots: f"{_shortened(self.initial_size)} → {self.final_size:,}",
            "increment": "" if self.increment is None else f"{self.increment:,}",
            "sizes": "" if self.sizes is None else _shortened(self.sizes),
            "tested on": "" if "test_size" in self._domain.lacks else f"{self.test_size:,}",
            "model": ", ".join(self.model),
            "model parameters": ", ".join(f"{name}={values}" for name, values in self.model_param.items()),
            "trees": self.trees,
            "regime": ", ".join(self.regime),
            "label rule": ", ".join(self.label_rule),
            f"{self._domain.slots} needed": f"{self.documents_needed:,}" if self.documents_needed else "",
        }
        if not any(":" in name for name in self.model):  # a sweep may be a stranger's: no code of its is run to show it
            try:
                sizes = [len(chain.sizes()) for chain in self.chains()]
                facts = {"chains": f"{len(sizes):,}", "generations": f"{sum(sizes):,}", **facts}
            except ModelCollapseError as error:
                facts = {"chains": error, **facts}
        return notebook.card(f"Sweep {self.experiment}", facts)

    def check_learners(self) -> None:
        """Try every model before anything runs.

        Raises
        ------
        LearnerError, SpecError
            As `models`; and if one is no classifier of counts or numbers: see `simulation.learning.learner_check`.
        """
        for model in self.models():
            self._domain.check_model(model, thoroughly=True)

    def chains(self, models: Sequence[Model] | None = None) -> Iterator[ChainSpec]:
        """Yield every chain once, seeds outermost: the first results average over all rates.

        Where the `models` are known, nothing is imported.
        """
        seen: set[tuple[ChainSpec, str]] = set()
        models = self.models() if models is None else models
        axes = (self.seeds, models, self.initial_size, self.regime, self.label_rule, self.rates)
        for seed, model, initial_size, regime, label_rule, rate in itertools.product(*axes):
            if self.shared_reference and rate == 0 and initial_size > min(self.initial_size):
                continue
            chain = ChainSpec(
                seed=seed,
                collapse_rate=rate,
                initial_size=initial_size,
                final_size=self.final_size,
                test_size=self.test_size,
                growth=Growth(self.increment, self.sizes),
                model=model,
                regime=regime,
                label_rule=label_rule,
                terms=TermSelection(self.min_df, self.max_ngram, self.max_terms),
                domain=self.domain,
            )
            exact = (chain, repr(model.params))  # 1, 1.0 and True are equal, but not the same
            if exact not in seen:
                seen.add(exact)
                yield chain


def read_spec(path: Path, others: Sequence[str] = ()) -> dict[str, Any]:
    """Read a spec file (TOML), in which other keys may stand beside the fields of a `Sweep`.

    Raise SpecError if it cannot be read, is not TOML, or has a key that does not exist.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"Cannot read the spec file {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SpecError(f"{path} is not a TOML file: {error}.") from None
    values = {key.replace("-", "_"): value for key, value in values.items()}
    known = [*Sweep.model_fields, *others]
    if unknown := [key for key in values if key not in known]:
        raise SpecError(f"{path}: found the key '{unknown[0]}', expected one of {', '.join(known)}.")
    return values


def _shortened(numbers: Sequence[int]) -> str:
    """Return numbers in words: the first and the last of many."""
    listed = [f"{number:,}" for number in numbers]
    return ", ".join(listed if len(listed) <= 8 else [*listed[:4], "…", listed[-1]])


def _one_line(error: ValidationError) -> str:
    kind, field, words = first_problem(error)
    if kind == "extra_forbidden":
        return f"Found the key '{field}', expected one of {', '.join(Sweep.model_fields)}."
    if kind == "missing":
        return f"{field} is missing: say {field}=…, or --{field.replace('_', '-')} on the command line."
    return f"{field}: {words}." if field else f"{words[0].upper()}{words[1:]}."
