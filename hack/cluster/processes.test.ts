import { describe, expect, test } from "vitest";
import { isOurs } from "./processes.ts";

const run = "/run/webflow";

describe("a process of ours", () => {
  test.each([
    "/usr/sbin/dockerd -H unix:///run/webflow/docker.sock --data-root /var/cache/webflow/engine",
    "containerd --config /run/webflow/exec/containerd/containerd.toml --log-level info",
    "/usr/bin/containerd-shim-runc-v2 -namespace moby -address /run/webflow/exec/containerd/containerd.sock",
    "node --disable-warning=ExperimentalWarning /src/hack/cluster/forward.ts 127.0.0.1:4567 /run/webflow/api.sock",
    "nsenter --net=/run/webflow/net /usr/sbin/dockerd -H unix:///run/webflow/docker.sock",
  ])("%s", (command) => expect(isOurs(command, run)).toBe(true));
});

describe("not a process of ours", () => {
  test.each([
    "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock",
    "/usr/sbin/dockerd -H unix:///run/webflow-second/docker.sock --exec-root /run/webflow-second/exec",
    "tail -f /run/webflow/audit/audit.log",
    "less /run/webflow/state.json",
  ])("%s", (command) => expect(isOurs(command, run)).toBe(false));
});
