// What the shop answers to a request: routes, statuses and forms of answer. It runs in a thread and knows no socket.
import { BadOrder, type Order, parseId, parseOrder, type Stored } from "./order.ts";
import { frontPage, messagePage, orderPage, refusedPage, type Served } from "./page.ts";

export interface ShopRequest {
  method: string;
  /** Path and query, as sent. */
  target: string;
  accept: string;
  contentType: string;
  body: Uint8Array;
}

export interface ShopAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Store {
  add(order: Order): Promise<Stored>;
  find(id: number): Promise<Stored | undefined>;
  latest(): Promise<Stored[]>;
}

/** The database did not do its part; the message says what it was, in words fit for strangers. */
export class DatabaseTrouble extends Error {}

export interface ShopContext {
  store: Store;
  served: Served;
  /** Keeps the thread's CPU busy; given so that tests need not. */
  burn(millis: number): void;
}

const longestWork = 200;

/** What is to be said: once as fields for programs, once as a page for people. */
interface Said {
  status: number;
  fields: Record<string, unknown>;
  page: () => string;
  headers?: Record<string, string>;
}

export async function answer(request: ShopRequest, context: ShopContext): Promise<ShopAnswer> {
  const wantsPage = prefersHtml(request);
  try {
    return rendered(await route(request, context), wantsPage, context.served);
  } catch (error) {
    return rendered(trouble(error, context.served), wantsPage, context.served);
  }
}

function rendered({ status, fields, page, headers = {} }: Said, wantsPage: boolean, served: Served): ShopAnswer {
  const type = wantsPage ? "text/html; charset=utf-8" : "application/json; charset=utf-8";
  const body = wantsPage ? page() : `${JSON.stringify({ ...fields, served })}\n`;
  return { status, headers: { ...headers, "content-type": type }, body };
}

async function route(request: ShopRequest, context: ShopContext): Promise<Said> {
  const { pathname, searchParams } = locate(request.target);
  if (pathname === "/healthz") return health(request, context.served);
  if (pathname === "/") return front(request, searchParams, context);
  if (pathname === "/orders") return order(request, context);
  const [, number] = /^\/orders\/([^/]+)$/.exec(pathname) ?? [];
  if (number !== undefined) return find(request, number, context);
  return notFound(`nothing is at ${pathname.slice(0, 100)}`, context.served);
}

function locate(target: string): URL {
  const url = URL.parse(target.startsWith("/") ? `http://shop.invalid${target}` : target);
  if (url) return url;
  throw new BadOrder("path", "must be the path of a URL");
}

/** Answers for this process alone: a database that is down is the database's fault and shows in GET /. */
function health(request: ShopRequest, served: Served): Said {
  allow(request, "GET, HEAD");
  return { status: 200, fields: { status: "ok" }, page: () => messagePage("Healthy", "This process answers.", served) };
}

async function front(
  request: ShopRequest,
  query: URLSearchParams,
  { store, served, burn }: ShopContext,
): Promise<Said> {
  allow(request, "GET, HEAD");
  const work = query.get("work");
  if (work !== null) burn(workMillis(work));
  const recent = await store.latest();
  return { status: 200, fields: { latest: recent }, page: () => frontPage(recent, served) };
}

function workMillis(text: string): number {
  const millis = /^[0-9]{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (millis <= longestWork) return millis;
  throw new BadOrder(
    "work",
    `must be a whole number of milliseconds from 0 to ${longestWork}, found "${text.slice(0, 40)}"`,
  );
}

async function order(request: ShopRequest, { store, served }: ShopContext): Promise<Said> {
  allow(request, "POST");
  const stored = await store.add(parseOrder(request.contentType, request.body));
  return {
    status: 201,
    fields: { ...stored },
    page: () => orderPage(stored, served),
    headers: { location: `/orders/${stored.id}` },
  };
}

async function find(request: ShopRequest, number: string, { store, served }: ShopContext): Promise<Said> {
  allow(request, "GET, HEAD");
  const id = parseId(number);
  const found = id === undefined ? undefined : await store.find(id);
  if (!found) return notFound(`there is no order ${number.slice(0, 40)}`, served);
  return { status: 200, fields: { ...found }, page: () => orderPage(found, served) };
}

class WrongMethod extends Error {
  readonly allowed: string;
  constructor(method: string, allowed: string) {
    super(`${method.slice(0, 20)} is not answered here; use ${allowed}`);
    this.allowed = allowed;
  }
}

function allow(request: ShopRequest, methods: string): void {
  if (!methods.split(", ").includes(request.method)) throw new WrongMethod(request.method, methods);
}

function notFound(error: string, served: Served): Said {
  return { status: 404, fields: { error }, page: () => messagePage("Not found", error, served) };
}

function trouble(error: unknown, served: Served): Said {
  if (error instanceof BadOrder) {
    const { field, message, status, sent } = error;
    return {
      status,
      fields: { error: `${field} ${message}`, field },
      page: () => refusedPage({ field, message }, sent, served),
    };
  }
  if (error instanceof WrongMethod) {
    const { message, allowed } = error;
    return {
      status: 405,
      fields: { error: message },
      page: () => messagePage("Not possible", message, served),
      headers: { allow: allowed },
    };
  }
  if (error instanceof DatabaseTrouble) {
    const message = `the database ${error.message}`;
    return {
      status: 503,
      fields: { error: message },
      page: () => messagePage("Not now", message, served),
      headers: { "retry-after": "1" },
    };
  }
  throw error;
}

/** A page where the browser asks for one, and where GET / is asked by someone without a preference. */
function prefersHtml({ method, target, accept }: ShopRequest): boolean {
  const html = quality(accept, "text/html");
  const json = quality(accept, "application/json");
  if (html !== json) return html > json;
  return method !== "POST" && /^\/(\?|$)/.test(target);
}

/** The weight that an Accept header gives a type (RFC 9110, 12.5.1), the most exact range winning. */
function quality(accept: string, type: string): number {
  const wanted = [type, `${type.split("/", 1)[0]}/*`, "*/*"];
  const ranges = accept.split(",").map((range) => {
    const [name = "", ...parameters] = range.split(";").map((piece) => piece.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { name, weight: weight === undefined ? 1 : Number(weight) || 0 };
  });
  for (const name of wanted) {
    const found = ranges.find((range) => range.name === name);
    if (found) return found.weight;
  }
  return 0;
}
