// Which Debian packages each kind of image is made of.
import type { Rootfs } from "./apt.ts";

const nodePackages = [
  ...["systemd", "systemd-sysv", "dbus", "conntrack", "iptables", "nftables", "iproute2", "ipset", "iputils-ping"],
  ...["ethtool", "kmod", "mount", "util-linux", "libseccomp2", "netbase", "hostname", "socat", "jq", "curl"],
  ...["ca-certificates", "procps", "runc"],
];

const toolPackages = [
  ...["curl", "bind9-dnsutils", "iproute2", "iptables", "nftables", "conntrack", "ipset", "kmod", "iputils-ping"],
  ...["netcat-openbsd", "procps", "ca-certificates", "netbase", "jq"],
];

const ciliumPackages = [
  ...["clang-19", "llvm-19", "bpftool", "iproute2", "iptables", "ipset", "kmod", "mount", "util-linux", "procps"],
  ...["ca-certificates", "netbase", "hostname"],
];

/** Cilium calls the compiler alone; what links programs for the host is weight. */
const ciliumWithout = [
  ...[
    "./usr/lib/gcc/*",
    "*.a",
    "./usr/lib/*/libclang-19.so*",
    "./usr/lib/*/lib[atl]san.so*",
    "./usr/lib/*/libubsan.so*",
  ],
  ...[
    "./usr/lib/llvm-19/bin/llvm-exegesis",
    "./usr/lib/llvm-19/bin/obj2yaml",
    "./usr/lib/llvm-19/bin/yaml2obj",
    "./usr/include/c++/*",
  ],
];

/** Without its LLVM PostgreSQL does not compile queries at run time, and is otherwise the same. */
const postgresWithout = [
  ...["./usr/lib/*/libLLVM*", "./usr/lib/postgresql/15/lib/llvmjit*", "./usr/lib/postgresql/15/lib/bitcode/*"],
  ...["./var/lib/postgresql/15/*", "./usr/share/i18n/*"],
];

export const rootfs = {
  base: { name: "base", packages: ["ca-certificates", "libstdc++6", "netbase"] },
  tools: { name: "tools", packages: toolPackages },
  node: { name: "node", packages: nodePackages },
  postgres: { name: "postgres", packages: ["postgresql-15", "ca-certificates"], without: postgresWithout },
  cilium: { name: "cilium", packages: ciliumPackages, without: ciliumWithout },
} as const satisfies Record<string, Rootfs>;

export type RootfsName = keyof typeof rootfs;
