import { describe, expect, it } from "vitest";
import { neverAsked, refusing } from "./guard.ts";

describe("addresses that are never asked", () => {
  const refuse = refusing([...neverAsked, "10.96.0.1"]);

  it.each([
    "127.0.0.1",
    "127.9.9.9",
    "::1",
    "0.0.0.0",
    "::",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "fd00:ec2::254",
    "fd00:0ec2:0:0:0:0:0:254",
    "224.0.0.251",
    "ff02::1",
    "10.96.0.1",
    "::ffff:10.96.0.1",
    "fe80::1%eth0",
    "localhost",
    "",
    "0x7f.1",
  ])("refuse %s", (address) => {
    expect(refuse(address)).toBe(true);
  });

  it.each(["10.96.0.2", "10.244.1.7", "169.254.20.10", "198.51.100.10", "fd00:ec2::253", "2001:db8::1"])(
    "let %s through: no range is refused that pods or platforms live in",
    (address) => {
      expect(refuse(address)).toBe(false);
    },
  );

  it("are addresses: anything else is a mistake that is told", () => {
    expect(() => refusing(["kubernetes.default"])).toThrow(/neither an IP address nor a prefix/);
    expect(() => refusing(["10.0.0.0/33"])).toThrow(/neither an IP address nor a prefix/);
  });
});
