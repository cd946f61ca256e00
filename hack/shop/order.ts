// What an order is, and what is wrong with one: read from a form or from JSON, one field named per refusal.
export interface Order {
  item: string;
  quantity: number;
}

export interface Stored extends Order {
  id: number;
  ordered: string;
}

/** Something the sender must change. `status` is the HTTP status that says so. */
export class BadOrder extends Error {
  readonly field: string;
  readonly status: number;
  /** What was sent as text, to show a form again as it was filled in. */
  readonly sent: Readonly<Record<string, string>>;

  constructor(
    field: string,
    problem: string,
    { status = 400, sent = {} }: { status?: number; sent?: Record<string, string> } = {},
  ) {
    super(problem);
    this.field = field;
    this.status = status;
    this.sent = sent;
  }
}

export const limits = { itemLength: 100, quantity: 1000, lastId: 999_999_999_999_999 } as const;

export function parseOrder(contentType: string, body: Uint8Array): Order {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json") return fromJson(textOf(body));
  if (type === "application/x-www-form-urlencoded") return fromForm(textOf(body));
  throw new BadOrder(
    "content-type",
    `must be application/json or application/x-www-form-urlencoded, found ${shown(type)}`,
    { status: 415 },
  );
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new BadOrder("body", "must be UTF-8 text");
  }
}

function fromJson(text: string): Order {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadOrder("body", 'must be JSON such as {"item": "bar", "quantity": 1}');
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BadOrder("body", 'must be a JSON object such as {"item": "bar", "quantity": 1}');
  }
  const { item, quantity } = value as Record<string, unknown>;
  return checked(item, quantity, {});
}

function fromForm(text: string): Order {
  const form = new URLSearchParams(text);
  for (const field of ["item", "quantity"]) {
    if (form.getAll(field).length > 1) throw new BadOrder(field, "must be there once, found it more than once");
  }
  const item = form.get("item") ?? undefined;
  const quantity = form.get("quantity") ?? undefined;
  const sent = { item: item ?? "", quantity: quantity ?? "" };
  const digits = quantity !== undefined && /^[0-9]{1,9}$/.test(quantity.trim());
  return checked(item, digits ? Number(quantity) : quantity, sent);
}

function checked(item: unknown, quantity: unknown, sent: Record<string, string>): Order {
  return { item: checkedItem(item, sent), quantity: checkedQuantity(quantity, sent) };
}

function checkedItem(item: unknown, sent: Record<string, string>): string {
  if (typeof item !== "string") throw new BadOrder("item", `must be text, found ${shown(item)}`, { sent });
  const name = item.trim();
  if (name === "") throw new BadOrder("item", "must not be empty", { sent });
  if ([...name].length > limits.itemLength) {
    throw new BadOrder("item", `must have at most ${limits.itemLength} characters, found ${[...name].length}`, {
      sent,
    });
  }
  if (/\p{Cc}|\p{Cs}/u.test(name)) throw new BadOrder("item", "must not contain control characters", { sent });
  return name;
}

function checkedQuantity(quantity: unknown, sent: Record<string, string>): number {
  if (typeof quantity === "number" && Number.isInteger(quantity) && quantity >= 1 && quantity <= limits.quantity)
    return quantity;
  throw new BadOrder("quantity", `must be a whole number from 1 to ${limits.quantity}, found ${shown(quantity)}`, {
    sent,
  });
}

/** A short, printable piece of what was found. */
function shown(value: unknown): string {
  if (value === undefined || value === "") return "nothing";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

/** The number in /orders/<number>, or undefined when no order can have it. */
export function parseId(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) return undefined;
  return Number(text);
}
