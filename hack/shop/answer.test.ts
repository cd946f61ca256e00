import { describe, expect, test } from "vitest";
import { answer, DatabaseTrouble, type ShopRequest, type Store } from "./answer.ts";
import type { Order, Stored } from "./order.ts";

const served = { pod: "shop-1", node: "worker-1", process: 12, thread: 3 };

function memoryStore(): Store {
  const orders: Stored[] = [];
  return {
    add: async (order: Order) => {
      const stored = { id: orders.length + 1, ...order, ordered: "2026-01-01T00:00:00.000Z" };
      orders.push(stored);
      return stored;
    },
    find: async (id) => orders[id - 1],
    latest: async () => orders.toReversed().slice(0, 5),
  };
}

function deadStore(): Store {
  const fail = async (): Promise<never> => {
    throw new DatabaseTrouble("refuses connections");
  };
  return { add: fail, find: fail, latest: fail };
}

interface Sent {
  accept?: string;
  type?: string;
  body?: string;
  store?: Store;
  burn?: (millis: number) => void;
}

function ask(
  line: string,
  { accept = "*/*", type = "", body = "", store = memoryStore(), burn = () => undefined }: Sent = {},
) {
  const [method = "", target = ""] = line.split(" ");
  const request: ShopRequest = { method, target, accept, contentType: type, body: new TextEncoder().encode(body) };
  return answer(request, { store, served, burn });
}

const json = "application/json";
const form = "application/x-www-form-urlencoded";

describe("orders", () => {
  test("posted as JSON are answered 201 with their number and where they were served", async () => {
    const said = await ask("POST /orders", { type: json, body: '{"item":"bar","quantity":1}' });
    expect(said.status).toBe(201);
    expect(said.headers.location).toBe("/orders/1");
    expect(JSON.parse(said.body)).toMatchObject({ id: 1, item: "bar", quantity: 1, served });
  });

  test("posted as a form by a program are answered with JSON", async () => {
    const said = await ask("POST /orders", { type: form, body: "item=bar&quantity=2" });
    expect(said.status).toBe(201);
    expect(JSON.parse(said.body)).toMatchObject({ id: 1, quantity: 2 });
  });

  test("posted as a form by a browser are answered with a page", async () => {
    const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    const said = await ask("POST /orders", { accept, type: form, body: "item=bar&quantity=2" });
    expect(said.status).toBe(201);
    expect(said.headers["content-type"]).toMatch("text/html");
    expect(said.body).toContain("Order 1");
    expect(said.body).toContain("pod shop-1 on node worker-1, process 12, thread 3");
  });

  test("are found again by number", async () => {
    const store = memoryStore();
    await ask("POST /orders", { store, type: json, body: '{"item":"bar","quantity":1}' });
    const said = await ask("GET /orders/1", { store });
    expect(JSON.parse(said.body)).toMatchObject({ id: 1, item: "bar" });
  });

  test("that are bad get 400, the field's name, and the form as it was filled in", async () => {
    const bad = { type: form, body: "item=%3Cb%3E&quantity=0" };
    const program = await ask("POST /orders", bad);
    expect(program.status).toBe(400);
    expect(JSON.parse(program.body)).toMatchObject({ field: "quantity", served });
    const person = await ask("POST /orders", { ...bad, accept: "text/html" });
    expect(person.status).toBe(400);
    expect(person.body).toContain('value="&lt;b&gt;"');
    expect(person.body).not.toContain("<b>");
  });
});

describe("the front page", () => {
  test("has a form that works without scripts, and the latest orders escaped", async () => {
    const store = memoryStore();
    await ask("POST /orders", { store, type: json, body: `{"item":"<script>'\\"&","quantity":1}` });
    const said = await ask("GET /", { store });
    expect(said.status).toBe(200);
    expect(said.body).toContain('<form method="post" action="/orders">');
    expect(said.body).toContain("&lt;script&gt;&#39;&quot;&amp;");
    expect(said.body).not.toContain("<script");
  });

  test("works as hard as asked, within bounds", async () => {
    const worked: number[] = [];
    const burn = (millis: number) => void worked.push(millis);
    expect((await ask("GET /?work=200", { burn })).status).toBe(200);
    for (const work of ["201", "-1", "1e1", "x", ""]) {
      const said = await ask(`GET /?work=${work}`, { burn, accept: json });
      expect(said.status).toBe(400);
      expect(JSON.parse(said.body)).toMatchObject({ field: "work" });
    }
    expect(worked).toEqual([200]);
  });
});

describe("statuses", () => {
  const table: Record<string, [line: string, status: number, store?: Store]> = {
    "health does not ask the database": ["GET /healthz", 200, deadStore()],
    "the front page asks the database": ["GET /", 503, deadStore()],
    "an order asks the database": ["GET /orders/1", 503, deadStore()],
    "an order that is not there": ["GET /orders/7", 404],
    "a number that is none": ["GET /orders/x", 404],
    "a path that is none": ["GET /nothing", 404],
    "a path of slashes": ["GET //", 404],
    "a target that is no URL": ["OPTIONS *", 400],
    "a method that is not answered": ["DELETE /orders/1", 405],
    "the list is not read by GET": ["GET /orders", 405],
    "HEAD is answered as GET": ["HEAD /", 200],
  };
  for (const [name, [line, status, store]] of Object.entries(table)) {
    test(`${name}: ${line} gets ${status}`, async () => {
      const said = await ask(line, { accept: json, ...(store ? { store } : {}) });
      expect(said.status).toBe(status);
      expect(JSON.parse(said.body)).toMatchObject({ served });
    });
  }

  test("a dead database is named in the answer", async () => {
    const said = await ask("POST /orders", { store: deadStore(), type: form, body: "item=bar&quantity=1" });
    expect(said.status).toBe(503);
    expect(said.headers["retry-after"]).toBe("1");
    expect(JSON.parse(said.body).error).toBe("the database refuses connections");
  });
});
