/** Whole requests that prove the path. */
import { type Static, Type } from "typebox";
import { asSet, choice, duration, label, rules, urlPath } from "./schema-parts.ts";

const Expect = Type.Object(
  {
    status: Type.Optional(
      Type.Array(Type.Integer({ description: "A status code.", minimum: 100, maximum: 599 }), {
        description: "Status codes that are right. Default: 200 to 399.",
        minItems: 1,
        maxItems: 16,
        ...asSet,
      }),
    ),
    within: Type.Optional(
      duration("Longest time from the first packet to the last byte. Default: the class's, else 2s.", {
        least: "1ms",
        most: "1m",
      }),
    ),
  },
  { description: "What a right answer is." },
);

export const Check = Type.Object(
  {
    name: label("Name of the check, shown in facts."),
    method: Type.Optional(
      choice(
        ["GET", "HEAD", "POST", "PUT"],
        "HTTP method. POST and PUT write: they are asked by the leader alone, never retried and never sent by trace. Default: GET.",
      ),
    ),
    path: urlPath("Path and query asked. Example: /orders?limit=1.", 512),
    json: Type.Optional(Type.String({ description: "Body sent as application/json.", maxLength: 4096 })),
    form: Type.Optional(
      Type.String({
        description: "Body sent as application/x-www-form-urlencoded. Example: item=bar&quantity=1.",
        maxLength: 4096,
      }),
    ),
    expect: Type.Optional(Expect),
    every: Type.Optional(
      duration(
        "How often it is asked; one that does not write and fails is asked every 10s until it passes. Default: the class's probe round; 1h for POST and PUT.",
        { least: "1s", most: "168h" },
      ),
    ),
  },
  {
    description: "A whole request made from outside, through the whole path.",
    ...rules([
      { rule: "!(has(self.json) && has(self.form))", message: "a check has json or form, not both: remove one" },
      {
        rule: "(!has(self.json) && !has(self.form)) || (has(self.method) && self.method in ['POST', 'PUT'])",
        message: "a check with a body needs method POST or PUT: set method, or remove the body",
      },
    ]),
  },
);

export type Check = Static<typeof Check>;
