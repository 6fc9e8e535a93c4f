"""A world of models for generations: a server that plays every role by rules, counts what it bills, and keeps a log.

It is an HTTP server of its own process where tests kill others, and of the test's own where they do not.
"""

import asyncio
import hashlib
import json
import sys
import threading

from chat_completions_double import ChatCompletionsDouble, Fail, Say

from synqc.apps.prompts.equivalence import Verdict
from synqc.llm import Completion, CutAnswer, EmptyAnswer, MalformedAnswer, ModelRefused, Spent, structured_in

PRICES = {  # dollars per million tokens, as in the file of prices that tests write
    "engineer-1": ("3.00", "15.00"), "checker-1": ("1.10", "4.40"), "target-1": ("0.25", "2.00"),
    "judge-1": ("0.50", "1.50"),
}  # fmt: skip


def share(*parts):
    """A number from 0 to 1 that depends on these alone."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def prices_document():
    return [
        {"provider": "world", "model": name, "prompt": prompt, "completion": completion, "date": "2026-01",
         "source": "this test"}
        for name, (prompt, completion) in PRICES.items()
    ]  # fmt: skip


class World:
    """Rules: which share of problems is sound, and which share of those the target fails.

    The problem's text carries the numbers that every role needs, so that the world has no memory.
    """

    def __init__(self, *, sound=0.9, failing=0.5, trouble=0.0, after_s=0.0, wrong_references=0.0, distinct=10**9):
        self.sound, self.failing, self.trouble, self.after_s = sound, failing, trouble, after_s
        self.wrong_references, self.distinct = wrong_references, distinct
        self.log = []
        self.lock = threading.Lock()

    def answer(self, body):
        role = body["model"].split("-")[0]
        said = body["messages"][-1]["content"]
        if share(said, role, "trouble") < self.trouble:
            answer = self.troubled(role, said)
        elif "Your answer cannot be used" in said:
            answer = Say("I cannot say it otherwise.", after_s=self.after_s)
        else:
            answer = Say(getattr(self, role)(said, body), after_s=self.after_s)
        usage = None
        if isinstance(answer, Say):
            prompt = sum(len(message["content"]) for message in body["messages"]) // 4 + 1
            usage = {"prompt_tokens": prompt, "completion_tokens": len(answer.text or "") // 4 + 1}
            answer.usage = {**usage, "total_tokens": sum(usage.values())}
        with self.lock:
            self.log.append({"model": body["model"], "said": said, "usage": usage})
        return answer

    def troubled(self, role, said):
        kind = int(share(said, role, "kind") * 5)
        return [Fail(500), Say("no JSON here"), Say(""), Say("cut", finish_reason="length"), Fail(401)][kind]

    def engineer(self, said, body):
        seed = next(line for line in said.splitlines() if line.startswith("Variation: "))[11:]
        number = int(seed) % self.distinct
        first, second = number % 9973, number // 7 % 9967
        # Long, and different in many places: near-duplicates are only those that a test asks for.
        words = " ".join(letters(int(share(number, k) * 26**5)) for k in range(24))
        right = first + second
        reference = right + 1 if share(number, "wrong") < self.wrong_references else right
        return json.dumps({
            "subject": "Arithmetic", "topic": "Sums", "answer": str(reference),
            "problem": f"What is {first} + {second}? The name of this task is: {words}.",
            "hints": {"0": "Add.", "1": "Carry.", "2": "Check."},
        })  # fmt: skip

    def checker(self, said, body):
        valid = share(json.loads(said)["problem"], "sound") < self.sound
        return json.dumps({"valid": valid, "reason": "It is sound." if valid else "It is not sound."})

    def target(self, said, body):
        right = sum(numbers_in(said))
        return str(right + 7 if share(said, "fails") < self.failing else right)

    def judge(self, said, body):
        if said.startswith("{"):
            given = json.loads(said)
            equal = given["true_answer"] == given["model_answer"]
            return json.dumps({"valid": equal, "reason": "So it is.", "equivalence_confidence": 0.9})
        return str(sum(numbers_in(said)))


def judge(reference, answer, problem):
    """Numbers by value; of everything else nobody knows."""
    try:
        kind = "equal" if int(reference) == int(answer) else "unequal"
    except ValueError:
        return Verdict.unknown("One is no number.")
    return Verdict(kind, "rational", 1.0, "They are numbers.")


def letters(number):
    """A word, for numbers count as alike where texts are compared with benchmarks."""
    return "".join(chr(97 + number // 26**k % 26) for k in range(5))


def numbers_in(problem):
    first, second = problem.removeprefix("What is ").split("?")[0].split(" + ")
    return int(first), int(second)


def bill(log):
    """Millionths of a dollar for a log, each request rounded up, as the report does."""
    total = 0
    for one in log:
        if one["usage"] is not None:
            prompt, completion = PRICES[one["model"]]
            total += cost(one["usage"], prompt, completion)
    return total


def cost(usage, prompt, completion):
    pico = usage["prompt_tokens"] * round(float(prompt) * 10**6) + usage["completion_tokens"] * round(
        float(completion) * 10**6
    )
    return -(-pico // 10**6)


class InProcess:
    """The world without a server: a provider whose answers come in an order that `pauses` says."""

    name, is_local = "world", True

    def __init__(self, world, most_at_once=10**6, pauses=lambda body: 0.0):
        self.world, self.most_at_once, self.pauses = world, most_at_once, pauses
        self.places = None
        self.under_way = self.most_under_way = 0

    async def acomplete(self, request, read=str, *, repeats=0, **_):
        messages = [{"role": one.role, "content": one.content} for one in request.messages]
        body = {"model": request.model, "messages": messages, "seed": request.seed}
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.pauses(body))
        finally:
            self.under_way -= 1
        answer = self.world.answer(body)
        if isinstance(answer, Fail):
            raise ModelRefused("The server refused.", status=answer.status, spent=Spent.without_answer(1, 0.0))
        usage = answer.usage
        spent = Spent(1, usage["prompt_tokens"], usage["completion_tokens"], 0.0)
        if answer.finish_reason == "length":
            raise CutAnswer("It was cut.", spent=spent, answer=answer.text)
        if not answer.text:
            raise EmptyAnswer("It is empty.", spent=spent)
        text = answer.text
        try:
            if request.form is not None:
                text = structured_in(text, request.form.schema, accept=read).text
        except ValueError as error:
            raise MalformedAnswer(f"Not so: {error}", spent=spent, answer=answer.text) from None
        return Completion(read(text), answer.text, request.model, "stop", spent)

    def close(self):
        pass


def serve(world):
    double = ChatCompletionsDouble()
    double.otherwise = world.answer
    return double


if __name__ == "__main__":  # prints its address, and then each request as a line
    world = World(**json.loads(sys.argv[1]))

    class Told(list):
        def append(self, one):
            print(json.dumps(one), flush=True)

    world.log = Told()
    print(serve(world).url, flush=True)
    threading.Event().wait()
