/**
 * The zones of the delegated name server, as zone files (RFC 1035 section 5). The one place that writes them and the
 * one that reads them back, so that the dns hop can compare the source of record with what the edge has.
 * Serials only grow (RFC 1982), and only when a record changed: equal wishes give equal bytes.
 */
import { isIP } from "node:net";

export interface ZoneRecord {
  /** Full name without the final dot. */
  host: string;
  /** Addresses, or one host name (a load balancer's) to be an alias of. */
  targets: readonly string[];
  ttlSeconds: number;
}

export interface ZoneServer {
  /** Addresses of the authoritative server, for its own name's glue. */
  addresses: readonly string[];
  /** Somebody else's name for it (a load balancer's): then no name of ours and no glue. Without the final dot. */
  name?: string | undefined;
}

const serverLabel = "webflow-ns";
const keyPrefix = "db.";

export const zoneKey = (zone: string) => `${keyPrefix}${zone}`;

/** Names of the server itself: whoever had one would take the whole zone away. */
export const isReserved = (host: string, zones: readonly string[]) =>
  zones.some((zone) => host === `${serverLabel}.${zone}` || host.endsWith(`.${serverLabel}.${zone}`));

/** The longest zone that the host lies in, by whole labels; undefined when in none. */
export function zoneOf(host: string, zones: readonly string[]): string | undefined {
  const holding = zones.filter((zone) => host === zone || host.endsWith(`.${zone}`));
  return holding.sort((a, b) => b.length - a.length)[0];
}

/**
 * The data of the ConfigMap: one zone file for each zone. `previous` is what stands there now; its serials are kept
 * where nothing changed. `now` in milliseconds gives the first serial.
 */
export function zoneData(
  zones: readonly string[],
  records: readonly ZoneRecord[],
  options: { server: ZoneServer; previous: Readonly<Record<string, string>>; now: number },
): Record<string, string> {
  const data: Record<string, string> = {};
  for (const zone of [...zones].sort()) {
    const mine = records.filter((record) => zoneOf(record.host, zones) === zone && maybeRecorded(record, zone));
    const before = options.previous[zoneKey(zone)];
    const serial = before === undefined ? undefined : serialOf(before);
    if (before !== undefined && serial !== undefined && zoneFile(zone, mine, options.server, serial) === before) {
      data[zoneKey(zone)] = before;
      continue;
    }
    data[zoneKey(zone)] = zoneFile(zone, mine, options.server, nextSerial(serial, options.now));
  }
  return data;
}

/** A zone's own name cannot be an alias, since it has other records (RFC 1034, 3.6.2). */
function maybeRecorded({ host, targets }: ZoneRecord, zone: string): boolean {
  const isAlias = targets.some((target) => isIP(target) === 0);
  return !isReserved(host, [zone]) && !(host === zone && isAlias);
}

function nextSerial(serial: number | undefined, now: number): number {
  const seconds = Math.floor(now / 1000);
  return serial === undefined ? seconds : Math.max(serial + 1, seconds);
}

function zoneFile(zone: string, records: readonly ZoneRecord[], server: ZoneServer, serial: number): string {
  const ns = `${server.name ?? `${serverLabel}.${zone}`}.`;
  // The last SOA number is how long a "no such name" may be kept (RFC 2308): short, so that a new name shows at once.
  const head = [`${zone}. 5 IN SOA ${ns} hostmaster.${zone}. ${serial} 60 30 86400 1`, `${zone}. 5 IN NS ${ns}`];
  const own = server.name === undefined ? server.addresses : [];
  const glue = own.map((address) => `${ns} 5 IN ${family(address)} ${address}`);
  const body = [...records]
    .sort((a, b) => (a.host < b.host ? -1 : 1))
    .flatMap((record) => [...record.targets].sort().map((target) => line(record, target)));
  return `${[...head, ...glue, ...body].join("\n")}\n`;
}

function line(record: ZoneRecord, target: string): string {
  const type = isIP(target) === 0 ? "CNAME" : family(target);
  const value = type === "CNAME" ? `${target}.` : target;
  return `${record.host}. ${record.ttlSeconds} IN ${type} ${value}`;
}

const family = (address: string) => (isIP(address) === 6 ? "AAAA" : "A");

/** The serial of a zone file: the time of its last change in seconds, or a little later. */
export function serialOf(text: string): number | undefined {
  const found = / IN SOA \S+ \S+ (\d+) /.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The zones that stand there now. */
export const zonesIn = (data: Readonly<Record<string, string>>): string[] =>
  Object.keys(data).flatMap((key) => (key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : []));

/** What the zones say now, by host; targets sorted, names without the final dot. */
export function recordsIn(data: Readonly<Record<string, string>>): Map<string, ZoneRecord> {
  const found = new Map<string, ZoneRecord>();
  for (const text of Object.values(data)) {
    for (const entry of text.split("\n")) {
      const [name, ttl, , type, value] = entry.split(" ");
      if (name === undefined || value === undefined || !["A", "AAAA", "CNAME"].includes(type ?? "")) continue;
      const host = withoutDot(name);
      const targets = [...(found.get(host)?.targets ?? []), withoutDot(value)].sort();
      found.set(host, { host, targets, ttlSeconds: Number(ttl) });
    }
  }
  return found;
}

/** What the zones say now: host to sorted targets (addresses or an alias, without the final dot). */
export const parseRecords = (data: Readonly<Record<string, string>>): Map<string, readonly string[]> =>
  new Map([...recordsIn(data)].map(([host, { targets }]) => [host, targets]));

const withoutDot = (name: string) => (name.endsWith(".") ? name.slice(0, -1) : name);
