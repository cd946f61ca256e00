/**
 * Asks and answers that come over a wire are taken apart field by field: nothing unknown passes, every text and number
 * is bounded, and a refusal names the field, what was found and what is wanted.
 */
import { isIP } from "node:net";
import { printable } from "./failure.ts";
import { type Answer, type Ask, outcomes } from "./question.ts";

export type Parsed<T> = { ok: true; value: T } | { ok: false; error: string };

interface Field {
  wanted: string;
  fits: (value: unknown) => boolean;
  optional?: true;
}
type Shape = Readonly<Record<string, Field>>;

const is = (wanted: string, fits: (value: unknown) => boolean): Field => ({ wanted, fits });
const text = (most: number, pattern: RegExp, wanted: string) =>
  is(wanted, (value) => typeof value === "string" && value.length <= most && pattern.test(value));
const whole = (least: number, most: number) =>
  is(
    `a whole number from ${least} to ${most}`,
    (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
  );
const oneOf = (values: readonly unknown[]) => is(`one of ${values.join(", ")}`, (value) => values.includes(value));
const optional = (field: Field): Field => ({ ...field, optional: true });

const address = is("an IP address", (value) => typeof value === "string" && value.length <= 64 && isIP(value) !== 0);
const port = whole(1, 65535);
const host = text(253, /^[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?$/, "a host name");
const name = text(253, /^[A-Za-z0-9_]([A-Za-z0-9._-]*)$/, "a DNS name");
const status = is(
  '"any" or a list of at most 16 status codes',
  (value) =>
    value === "any" ||
    (Array.isArray(value) && value.length <= 16 && value.every((code) => whole(100, 599).fits(code))),
);
const body: Shape = {
  type: text(128, /^[A-Za-z0-9.+-]+\/[A-Za-z0-9.+-]+$/, "a media type"),
  text: is("a text of at most 4096 characters", (value) => typeof value === "string" && value.length <= 4096),
};

const shapes: Readonly<Partial<Record<Ask["type"], Shape>>> = {
  dns: { server: address, port, name, rrtype: oneOf(["A", "AAAA"]), recurse: oneOf([true, false]) },
  tcp: { address, port },
  tls: { address, port, serverName: host },
  http: {
    address: optional(address),
    resolver: optional(address),
    resolverPort: optional(port),
    port,
    check: optional(text(63, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "a check's name")),
    tls: optional(host),
    host,
    method: oneOf(["GET", "HEAD", "POST", "PUT"]),
    path: text(512, /^\/[!-~]*$/, "a path that begins with /"),
    body: optional(is("type and text", (value) => fault(value, body, "body") === undefined)),
    status: optional(status),
    withinMillis: whole(1, 600_000),
  },
  canary: { address, open: optional(port), denied: optional(port) },
};

/** The kinds of asks that a prober takes from the network. */
export const remoteAsks = Object.keys(shapes);

export function parseAsk(value: unknown): Parsed<Ask> {
  const type = isRecord(value) ? value.type : undefined;
  const shape = typeof type === "string" && remoteAsks.includes(type) ? shapes[type as Ask["type"]] : undefined;
  if (!isRecord(value) || shape === undefined) {
    return { ok: false, error: `ask.type is ${shown(type)}: use one of ${remoteAsks.join(", ")}` };
  }
  const error = fault(value, { type: oneOf([type]), ...shape }, "ask");
  return error === undefined ? { ok: true, value: value as unknown as Ask } : { ok: false, error };
}

const millis = is("milliseconds", (value) => typeof value === "number" && value >= 0 && value <= 3_600_000);
const identity = text(127, /^[a-z0-9./-]+$/, "a name");
const phases: Shape = {
  dns: optional(millis),
  connect: optional(millis),
  tls: optional(millis),
  firstByte: optional(millis),
  body: optional(millis),
};
const answer: Shape = {
  outcome: oneOf(outcomes),
  detail: is("a text of at most 500 characters", (value) => typeof value === "string" && value.length <= 500),
  at: is("milliseconds since 1970", (value) => Number.isFinite(value) && Number(value) >= 0),
  millis,
  phases: optional(is("milliseconds of each phase", (value) => fault(value, phases, "phases") === undefined)),
  addresses: optional(
    is("at most 64 IP addresses", (value) => Array.isArray(value) && value.length <= 64 && value.every(address.fits)),
  ),
  status: optional(whole(100, 999)),
  flow: optional(identity),
  pod: optional(identity),
  notAfter: optional(text(40, /^\d{4,6}-\d\d-\d\dT[\d:.]+Z$/, "a time by RFC 3339")),
};

export function parseAnswer(value: unknown): Parsed<Answer> {
  const error = fault(value, answer, "answer");
  if (error !== undefined) return { ok: false, error };
  const parsed = value as Answer;
  return { ok: true, value: { ...parsed, detail: printable(parsed.detail) } };
}

function fault(value: unknown, shape: Shape, path: string): string | undefined {
  if (!isRecord(value)) return `${path} is ${shown(value)}: send an object`;
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(shape, key));
  if (unknown !== undefined) return `${path}.${printable(unknown).slice(0, 40)} is not a field: remove it`;
  for (const [key, field] of Object.entries(shape)) {
    const found = Object.hasOwn(value, key) ? value[key] : undefined;
    if (found === undefined && field.optional) continue;
    if (!field.fits(found)) return `${path}.${key} is ${shown(found)}: send ${field.wanted}`;
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? "not there" : printable(JSON.stringify(value) ?? String(value)).slice(0, 60);
}
