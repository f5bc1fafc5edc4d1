#!/usr/bin/env python3
"""The corpus: enough forms, nothing held out leaks into training, the same seed writes the same text."""

import hashlib
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "models" / "starter"))
import build  # noqa: E402
from corpus import core, facts  # noqa: E402
from corpus.compose import Writer  # noqa: E402

DIALOGUES = 1500


def dialogues(seed):
    writer = Writer(random.Random(seed))
    return [writer.dialogue() for _ in range(DIALOGUES)]


class Corpus(unittest.TestCase):
    def test_there_are_enough_forms_and_a_tenth_is_held_out(self):
        forms = build.forms(Writer(random.Random(1)))
        held = sum(1 for _, form in forms if core.held_out(form))
        self.assertGreaterEqual(len(forms), 1500)
        self.assertGreater(held / len(forms), 0.08)
        self.assertLess(held / len(forms), 0.13)

    def test_training_never_asks_a_held_out_form(self):
        # A side with no other form keeps its only ones; those are never probed either (see Side.split).
        writer = Writer(random.Random(1))
        alone = {f for _, _, side in list(core.sides(writer.intents)) + list(facts.sides(writer.facts)) for f in side.split()[0]}
        asked = {e.form for d in dialogues(3) for e in d.exchanges}
        leaked = {f for f in asked if core.held_out(f) and f not in alone}
        # Guesses in games ("pierre", "a comb") are answers to Pal's question, not question forms.
        leaked = {f for f in leaked if len(f.split()) > 3}
        self.assertEqual(leaked, set())

    def test_every_answer_holds_an_expected_word(self):
        writer = Writer(random.Random(1))
        for _, _, side in list(core.sides(writer.intents)) + list(facts.sides(writer.facts)):
            for answer in side.answers:
                self.assertTrue(any(w in answer.lower() for w in side.words), answer)

    def test_the_same_seed_writes_the_same_corpus(self):
        digests = {hashlib.sha256(repr([d.text for d in dialogues(7)]).encode()).hexdigest() for _ in range(2)}
        self.assertEqual(len(digests), 1)

    def test_answers_are_short_and_carry_no_placeholder(self):
        for d in dialogues(5):
            self.assertLessEqual(len(d.exchanges), 14)
            for user, reply in d.text:
                self.assertTrue(user.strip() and reply.strip())
                self.assertLess(len(reply), 240)
                self.assertNotIn("{", user.replace("`", ""))
                self.assertNotIn("{me}", reply)
                self.assertNotIn("§", reply)


if __name__ == "__main__":
    unittest.main()
