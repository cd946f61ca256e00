/**
 * Addresses that are never asked, whatever a question says. Exact addresses, and loopback, unspecified and multicast;
 * no wider ranges, since pods may share a subnet with nodes. Asked of the address that is connected to, after a name
 * has been resolved, so that no name leads around it.
 */
import { BlockList, isIP, isIPv6 } from "node:net";
import { Failed } from "./failure.ts";

/** True when the address must not be asked. */
export type Refuse = (address: string) => boolean;

/** Loopback, unspecified and multicast, and where clouds answer with metadata or credentials. */
export const neverAsked: readonly string[] = [
  "127.0.0.0/8",
  "::1",
  "0.0.0.0",
  "::",
  "224.0.0.0/4",
  "255.255.255.255",
  "ff00::/8",
  "169.254.169.254",
  "169.254.169.253",
  "169.254.170.2",
  "169.254.170.23",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "168.63.129.16",
  "100.100.100.200",
];

/** The well-known prefix of NAT64 (RFC 6052) carries an IPv4 address in its last four bytes. */
const nat64 = "64:ff9b::";

/** From addresses and prefixes, one text each. Anything else is a mistake of the caller and is thrown. */
export function refusing(list: Iterable<string>): Refuse {
  const blocked = new BlockList();
  for (const entry of list) add(blocked, entry);
  return (address) => {
    // A zone (fe80::1%eth0) names an interface of ours; no target of a question needs one.
    if (isIP(address) === 0 || address.includes("%")) return true;
    return blocked.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  };
}

function add(blocked: BlockList, entry: string): void {
  const [address = "", prefix] = entry.split("/");
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const bits = prefix === undefined ? most : Number(prefix);
  if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > most) {
    throw new Error(`"${entry}" is neither an IP address nor a prefix: use one such as 10.96.0.1 or 127.0.0.0/8`);
  }
  blocked.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  if (family === 4) blocked.addSubnet(`${nat64}${address}`, 96 + bits, "ipv6");
}

export function admit(address: string, refuse: Refuse): void {
  if (isIP(address) === 0) throw new Failed("error", "the target is not an IP address");
  if (refuse(address)) throw new Failed("forbidden", "the address is one that is never asked");
}
