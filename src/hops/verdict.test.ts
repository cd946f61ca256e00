import { describe, expect, it } from "vitest";
import type { Fact, State } from "../webflow/types.ts";
import { verdictOf } from "./verdict.ts";

const fact = (text: string): Fact => {
  const [state = "", kind = "required"] = text.split(" ");
  return {
    name: text,
    required: kind === "required",
    state: state as State,
    reason: text.replace(" ", ""),
    message: "So.",
    vantage: "api",
  };
};

describe("a verdict", () => {
  it.each([
    ["Broken, which stands before all else", ["Unknown", "Degraded", "Broken"], "Broken"],
    ["Unknown before Progressing", ["Progressing", "Healthy", "Unknown"], "Unknown"],
    ["Progressing before Degraded", ["Degraded", "Progressing"], "Progressing"],
    ["Degraded where an advisory fact is", ["Healthy", "Degraded advisory"], "Degraded"],
    ["Degraded where an advisory fact is Broken", ["Healthy", "Broken advisory"], "Degraded"],
    [
      "Healthy where only advisory facts are not known",
      ["Healthy", "Unknown advisory", "Progressing advisory"],
      "Healthy",
    ],
    ["Healthy beside what does not exist", ["NotApplicable", "Healthy"], "Healthy"],
    ["NotApplicable where nothing exists: never green", ["NotApplicable", "NotApplicable advisory"], "NotApplicable"],
    ["Unknown of no fact at all", [], "Unknown"],
  ])("is %s", (_, facts, state) => {
    expect(verdictOf(facts.map(fact)).state).toBe(state);
  });

  it("speaks with the first fact of the state that decides", () => {
    const facts = [fact("Healthy"), { ...fact("Broken"), reason: "First" }, { ...fact("Broken"), reason: "Second" }];
    expect(verdictOf(facts).reason).toBe("First");
    expect(verdictOf([fact("Unknown advisory"), fact("Healthy")]).reason).toBe("Healthy");
  });
});
