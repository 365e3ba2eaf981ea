"""How losses come about: causes, degenerate predictors and when they fall, bias and its bound, what data is worth."""
