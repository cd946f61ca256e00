import { describe, expect, test } from "vitest";
import { BadOrder, parseId, parseOrder } from "./order.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const json = "application/json";
const form = "application/x-www-form-urlencoded";

describe("an order is read", () => {
  const right: Record<string, [type: string, body: string, item: string, quantity: number]> = {
    "from JSON": [json, '{"item":"bar","quantity":1}', "bar", 1],
    "from JSON with a charset": [`${json}; charset=utf-8`, '{"item":"bar","quantity":1000}', "bar", 1000],
    "from a form": [form, "item=bar&quantity=1", "bar", 1],
    "from a form with spaces around": [form, "item=+bar+&quantity=+7+", "bar", 7],
    "with letters of any script": [form, "item=%C3%A9clair+%F0%9F%8D%AB&quantity=2", "éclair 🍫", 2],
    "with a hundred signs": [json, JSON.stringify({ item: "🍫".repeat(100), quantity: 1 }), "🍫".repeat(100), 1],
  };
  for (const [name, [type, body, item, quantity]] of Object.entries(right)) {
    test(name, () => expect(parseOrder(type, bytes(body))).toEqual({ item, quantity }));
  }
});

describe("an order is refused by the field's name", () => {
  const wrong: Record<string, [type: string, body: string, field: string, problem: RegExp]> = {
    "without an item": [json, '{"quantity":1}', "item", /found nothing/],
    "with an empty item": [form, "item=+&quantity=1", "item", /not be empty/],
    "with an item that is a number": [json, '{"item":7,"quantity":1}', "item", /must be text, found 7/],
    "with an item that is too long": [
      json,
      JSON.stringify({ item: "x".repeat(101), quantity: 1 }),
      "item",
      /found 101/,
    ],
    "with a NUL in the item": [json, '{"item":"a\\u0000b","quantity":1}', "item", /control/],
    "with half a character in the item": [json, '{"item":"a\\ud800","quantity":1}', "item", /control/],
    "with the item twice": [form, "item=a&item=b&quantity=1", "item", /once/],
    "without a quantity": [form, "item=bar", "quantity", /found nothing/],
    "with quantity zero": [json, '{"item":"bar","quantity":0}', "quantity", /from 1 to 1000, found 0/],
    "with too large a quantity": [form, "item=bar&quantity=1001", "quantity", /found 1001/],
    "with half a bar": [json, '{"item":"bar","quantity":1.5}', "quantity", /found 1.5/],
    "with a quantity in words": [form, "item=bar&quantity=two", "quantity", /found "two"/],
    "with a quantity that is text": [json, '{"item":"bar","quantity":"1"}', "quantity", /found "1"/],
    "with a quantity in hexadecimal": [form, "item=bar&quantity=0x10", "quantity", /found "0x10"/],
    "with JSON that is none": [json, "{item", "body", /must be JSON/],
    "with a JSON list": [json, "[]", "body", /JSON object/],
    "with bytes that are no text": [json, "\xff", "body", /UTF-8/],
    "in another language": ["text/xml", "<order/>", "content-type", /found "text\/xml"/],
    "without a type": ["", "item=bar", "content-type", /found nothing/],
  };
  for (const [name, [type, body, field, problem]] of Object.entries(wrong)) {
    test(name, () => {
      const raw = body === "\xff" ? Uint8Array.of(0xff) : bytes(body);
      const refusal = refusalOf(() => parseOrder(type, raw));
      expect(refusal.field).toBe(field);
      expect(refusal.message).toMatch(problem);
    });
  }
});

function refusalOf(work: () => unknown): BadOrder {
  try {
    work();
  } catch (error) {
    if (error instanceof BadOrder) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

test("only a positive whole number without leading zeros is an order's number", () => {
  expect(parseId("42")).toBe(42);
  for (const text of ["0", "042", "-1", "1.0", "1e3", "x", "", "1".repeat(16)]) expect(parseId(text)).toBeUndefined();
});
