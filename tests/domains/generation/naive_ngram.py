"""Interpolated absolute discounting with Kneser–Ney lower orders, written plainly."""

from collections import Counter, defaultdict


class NaiveNgram:
    def __init__(self, blocks, n_types, discounts):
        self.n_types, self.discounts, order = n_types, discounts, len(discounts)
        mark = n_types
        marked = [(mark,) * (order - 1) + tuple(int(token) for token in block) for block in blocks]
        grams = [gram for block in marked for gram in (block[i : i + order] for i in range(len(block) - order + 1))]
        self.counts = {order: Counter(grams)}
        for n in range(order - 1, 0, -1):
            longer = {block[i : i + n + 1] for block in marked for i in range(len(block) - n)}
            self.counts[n] = Counter(gram[1:] for gram in longer if gram[-1] != mark)
        self.followers = defaultdict(dict)
        for counts in self.counts.values():
            for gram, count in counts.items():
                self.followers[gram[:-1]][gram[-1]] = count

    def probability(self, context, token):
        """After as many tokens as the order needs, or fewer."""
        shorter = self.probability(context[1:], token) if context else 1 / self.n_types
        counts, discount = self.followers.get(context, {}), self.discounts[len(context)]
        if not counts:
            return shorter
        total = sum(counts.values())
        return max(counts.get(token, 0) - discount, 0) / total + discount * len(counts) / total * shorter

    def distribution(self, context):
        return [self.probability(context, token) for token in range(self.n_types)]
