// One request as curl makes it on the browser's host, through the resolver, and what came back.

import type { HopName } from "../../src/webflow/types.ts";
import { onBrowser } from "../cluster/access.ts";

export interface Request {
  url: string;
  accept?: string;
  form?: string;
  json?: string;
}

export interface Came {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: string;
  millis: number;
}

/** A request that did not come back right, with the hop whose duty it was. */
export class HopFailed extends Error {
  readonly hop: HopName;
  constructor(hop: HopName, message: string) {
    super(`broken at ${hop}: ${message}`);
    this.hop = hop;
  }
}

const mark = "\n--webflow-time-- ";

function curl({ url, accept, form, json }: Request): string[] {
  const body = form !== undefined ? ["--data", form] : json !== undefined ? ["--json", json] : [];
  const wanted = accept === undefined ? [] : ["-H", `accept: ${accept}`];
  const times = `${mark}%{time_total} %{time_namelookup} %{time_connect}`;
  return ["curl", "-sS", "-i", "--http1.1", "--max-time", "15", "-w", times, ...body, ...wanted, url];
}

const timedOut = 28;

/** Whose duty failed, by curl's exit code (curl(1), EXIT CODES); a time-out by how far curl had come. */
export function hopOfCurl(code: number, output = ""): HopName {
  const hops: Readonly<Record<number, HopName>> = { 6: "dns", 7: "edge", 35: "edge", 60: "edge" };
  if (code !== timedOut) return hops[code] ?? "response";
  const [, lookup = 0, connect = 0] = (output.split(mark)[1] ?? "").split(" ").map(Number);
  return lookup === 0 ? "dns" : connect === 0 ? "edge" : "response";
}

/** Whose duty failed, by an answer that is not the service's own: a proxy answers for those behind it. */
export function hopOfAnswer(status: number, body: string, ownAnswer: boolean): HopName {
  if (ownAnswer) return /database/i.test(body) ? "database" : "process";
  if (status === 404) return "router";
  return status === 502 || status === 503 || status === 504 ? "lb" : "response";
}

export async function exchange(request: Request): Promise<Came> {
  const done = await onBrowser(curl(request));
  if (done.code !== 0) throw new HopFailed(hopOfCurl(done.code, done.stdout), `${request.url}: ${done.stderr.trim()}`);
  return parseAnswer(done.stdout);
}

export function parseAnswer(text: string): Came {
  const [answer = "", times = ""] = text.split(mark);
  const [, head = "", body = ""] = /^(HTTP\/1\..*?)\r\n\r\n(.*)$/s.exec(answer) ?? [];
  const [line = "", ...fields] = head.split("\r\n");
  const headers = fields.map((field): [string, string] => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  return {
    status: Number(line.split(" ")[1] ?? 0),
    headers: new Map(headers),
    body,
    millis: Math.round(Number(times.split(" ")[0]) * 1000),
  };
}
