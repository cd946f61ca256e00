import { describe, expect, it } from "vitest";
import { AnswerBook, type Entry, isUrgent, settle } from "./book.ts";
import type { Answer, Outcome } from "./question.ts";

const answer = (outcome: Outcome, at: number): Answer => ({ outcome, detail: outcome, at, millis: 1 });

/** The first answer comes at 1, the next at 2, and so on. */
function given(...outcomes: Outcome[]): Entry {
  let entry: Entry | undefined;
  for (const [index, outcome] of outcomes.entries()) entry = settle(entry, answer(outcome, index + 1));
  if (entry === undefined) throw new Error("no answers were given");
  return entry;
}

interface Case {
  answers: Outcome[];
  settled: Outcome;
  since: number;
  wavering: boolean;
}

describe("answers are settled", () => {
  const cases: Record<string, Case> = {
    "a first good answer settles at once": { answers: ["ok"], settled: "ok", since: 1, wavering: false },
    "a first one that is not well waits for a second": {
      answers: ["timeout"],
      settled: "timeout",
      since: 1,
      wavering: true,
    },
    "which confirms it": { answers: ["timeout", "timeout"], settled: "timeout", since: 1, wavering: false },
    "or takes it back": { answers: ["timeout", "ok"], settled: "ok", since: 2, wavering: false },
    "the same answers settle nothing new": { answers: ["ok", "ok", "ok"], settled: "ok", since: 1, wavering: false },
    "one lost packet moves nothing": { answers: ["ok", "timeout"], settled: "ok", since: 1, wavering: true },
    "one lost packet is forgotten": { answers: ["ok", "timeout", "ok"], settled: "ok", since: 1, wavering: false },
    "two in a row move it, since the first of them": {
      answers: ["ok", "ok", "timeout", "timeout"],
      settled: "timeout",
      since: 3,
      wavering: false,
    },
    "two of three move it, since the first of them": {
      answers: ["ok", "timeout", "ok", "timeout"],
      settled: "timeout",
      since: 2,
      wavering: false,
    },
    "two of four do not": {
      answers: ["ok", "timeout", "ok", "ok", "timeout"],
      settled: "ok",
      since: 1,
      wavering: true,
    },
    "two illnesses of different kinds are two": {
      answers: ["ok", "timeout", "refused"],
      settled: "refused",
      since: 2,
      wavering: false,
    },
    "one good answer does not heal": {
      answers: ["refused", "refused", "ok"],
      settled: "refused",
      since: 1,
      wavering: true,
    },
    "two good ones do": { answers: ["refused", "refused", "ok", "ok"], settled: "ok", since: 3, wavering: false },
    "one good and one of another illness do not": {
      answers: ["refused", "timeout", "ok"],
      settled: "refused",
      since: 1,
      wavering: true,
    },
    "an illness that changes its face at every answer keeps its name": {
      answers: ["refused", "timeout", "refused", "timeout", "refused", "timeout"],
      settled: "refused",
      since: 1,
      wavering: true,
    },
    "an illness that has become another one": {
      answers: ["refused", "refused", "timeout", "timeout"],
      settled: "timeout",
      since: 3,
      wavering: false,
    },
    "an illness and a vantage that could not ask are not two of a kind": {
      answers: ["ok", "timeout", "vantage"],
      settled: "ok",
      since: 1,
      wavering: true,
    },
    "that nobody could ask, twice": {
      answers: ["ok", "vantage", "error"],
      settled: "error",
      since: 2,
      wavering: false,
    },
    "a vantage that is back hears of illness, by whatever names": {
      answers: ["vantage", "vantage", "timeout", "refused"],
      settled: "refused",
      since: 3,
      wavering: false,
    },
    "what moved it does not count twice": {
      answers: ["ok", "timeout", "timeout", "ok"],
      settled: "timeout",
      since: 2,
      wavering: true,
    },
  };
  it.each(Object.entries(cases))("%s", (_name, { answers, ...expected }) => {
    const { settled, since, wavering, answer: last } = given(...answers);
    expect({ settled, since, wavering }).toEqual(expected);
    expect(last).toEqual(answer(answers.at(-1) ?? "error", answers.length));
  });
});

describe("what is said beside the outcome", () => {
  const saying = (...flows: (string | undefined)[]): Entry => {
    let entry: Entry | undefined;
    for (const [index, flow] of flows.entries()) {
      entry = settle(entry, { ...answer("ok", index + 1), ...(flow === undefined ? {} : { flow }) });
    }
    if (entry === undefined) throw new Error("no answers were given");
    return entry;
  };

  it("is moved by two in a row, and not by a stray answer", () => {
    expect(saying("a/shop", "b/shop")).toMatchObject({ said: { flow: "a/shop" }, wavering: true, since: 1 });
    expect(saying("a/shop", "b/shop", "a/shop")).toMatchObject({ said: { flow: "a/shop" }, wavering: false });
    expect(saying("a/shop", "b/shop", "b/shop")).toMatchObject({ said: { flow: "b/shop" }, wavering: false, since: 2 });
    expect(saying("a/shop", undefined, undefined).said).toEqual({});
    expect(saying("a/shop", "b/shop", "a/shop", "b/shop").said, "two of three").toEqual({ flow: "b/shop" });
  });

  it("is asked about once within a second, however often it changes", () => {
    expect(isUrgent(saying("a/shop"), saying("a/shop", "b/shop"))).toBe(true);
    expect(isUrgent(saying("a/shop", "b/shop"), saying("a/shop", "b/shop", "c/shop"))).toBe(false);
  });

  it("keeps the times at which it was last well, and last ill", () => {
    expect(given("ok", "ok", "vantage", "vantage")).toMatchObject({ settled: "vantage", wellAt: 2 });
    expect(given("timeout").wellAt).toBeUndefined();
    expect(given("ok", "timeout", "vantage", "vantage")).toMatchObject({ wellAt: 1, illAt: 2 });
  });
});

describe("a question is asked again within a second", () => {
  const cases: Record<string, [Outcome[], boolean]> = {
    "after a first answer that is not well": [["timeout"], true],
    "not after a first one that is": [["ok"], false],
    "after one that takes the side": [["ok", "timeout"], true],
    "not after it has moved": [["ok", "timeout", "timeout"], false],
    "after one that may heal": [["timeout", "timeout", "ok"], true],
    "after one of another illness, once": [["timeout", "timeout", "refused"], true],
    "and no more": [["timeout", "timeout", "refused", "reset"], false],
    "after one that nobody could ask": [["timeout", "timeout", "vantage"], true],
    "and after the next that somebody could": [["timeout", "timeout", "vantage", "vantage", "timeout"], true],
  };
  it.each(Object.entries(cases))("%s", (_name, [outcomes, urgent]) => {
    const before = outcomes.length > 1 ? given(...outcomes.slice(0, -1)) : undefined;
    expect(isUrgent(before, given(...outcomes))).toBe(urgent);
  });
});

describe("the book", () => {
  it("keeps answers by flow and question, and forgets them", () => {
    const book = new AnswerBook();
    book.add("default/shop", "a", answer("ok", 1));
    const { previous, next } = book.add("default/shop", "a", answer("timeout", 2));
    expect([previous?.answer.outcome, next.wavering]).toEqual(["ok", true]);
    expect(book.get("default/books", "a")).toBeUndefined();
    book.drop("default/shop", "a");
    expect(book.get("default/shop", "a")).toBeUndefined();
    book.add("default/shop", "a", answer("ok", 3));
    book.forget("default/shop");
    expect(book.get("default/shop", "a")).toBeUndefined();
  });
});
