import { describe, expect, it } from "vitest";
import type { Ask } from "./question.ts";
import { parseAnswer, parseAsk } from "./validate.ts";

describe("a question from the wire", () => {
  const asks: Ask[] = [
    { type: "dns", server: "10.0.0.10", port: 53, name: "shop.example.test", rrtype: "AAAA", recurse: true },
    { type: "tcp", address: "2001:db8::1", port: 5432 },
    { type: "tls", address: "198.51.100.10", port: 443, serverName: "shop.example.test" },
    {
      type: "http",
      resolver: "203.0.113.53",
      resolverPort: 53,
      port: 443,
      tls: "shop.example.test",
      host: "shop.example.test",
      check: "order",
      method: "POST",
      path: "/orders?x=%20",
      body: { type: "application/x-www-form-urlencoded", text: "item=bar&quantity=1" },
      status: [201],
      withinMillis: 500,
    },
    {
      type: "http",
      address: "10.0.0.1",
      port: 80,
      host: "a.b",
      method: "GET",
      path: "/",
      status: "any",
      withinMillis: 1,
    },
    { type: "canary", address: "10.0.0.1", open: 9001, denied: 9002 },
  ];
  it.each(asks.map((ask) => [ask.type, ask] as const))("is taken as it is: %s", (_type, ask) => {
    expect(parseAsk(JSON.parse(JSON.stringify(ask)))).toEqual({ ok: true, value: ask });
  });

  const base = { type: "http", address: "10.0.0.1", port: 80, host: "a.b", method: "GET", path: "/", withinMillis: 1 };
  const wrong: Record<string, [unknown, string]> = {
    "a path with a line break": [
      { ...base, path: "/\r\nx: y" },
      'ask.path is "/\\r\\nx: y": send a path that begins with /',
    ],
    "a host with a line break": [{ ...base, host: "a\r\nb" }, "ask.host"],
    "a method that we do not have": [{ ...base, method: "DELETE" }, "ask.method"],
    "a body with another field": [{ ...base, body: { type: "a/b", text: "", file: "/etc" } }, "ask.body"],
    "a long body": [{ ...base, body: { type: "a/b", text: "x".repeat(4097) } }, "ask.body"],
    "a list for an object": [[base], "ask.type"],
    "a status out of range": [{ ...base, status: [99] }, "ask.status"],
  };
  it.each(Object.entries(wrong))("is refused with the field's name: %s", (_name, [ask, error]) => {
    expect(parseAsk(ask)).toMatchObject({ ok: false, error: expect.stringContaining(error) });
  });
});

describe("an answer from the wire", () => {
  const answer = {
    outcome: "ok",
    detail: "HTTP 200",
    at: 1,
    millis: 2,
    status: 200,
    phases: { dns: 1 },
    addresses: ["10.0.0.1"],
  };

  it("is taken as it is", () => {
    expect(parseAnswer(answer)).toEqual({ ok: true, value: answer });
  });

  it("is made printable", () => {
    expect(parseAnswer({ ...answer, detail: "a\u0000\u001b[31mb" })).toMatchObject({ value: { detail: "a [31mb" } });
  });

  const wrong: Record<string, unknown> = {
    "an outcome that we do not have": { ...answer, outcome: "fine" },
    "a body": { ...answer, body: "secret" },
    "an identity that is no name": { ...answer, pod: "<script>" },
    "an address that is none": { ...answer, addresses: ["shop"] },
    "a time that is none": { ...answer, at: "now" },
    nothing: undefined,
  };
  it.each(Object.entries(wrong))("is refused: %s", (_name, value) => {
    expect(parseAnswer(value)).toMatchObject({ ok: false });
  });
});
