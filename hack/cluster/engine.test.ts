import { expect, test } from "vitest";
import { containerdSettings } from "./containerd.ts";
import { tellsOfSpoiledData } from "./engine.ts";

const started = 'time="2026-11-24T10:00:00Z" level=info msg="[graphdriver] using prior storage driver: overlay2"';
const failed = (why: string) => `${started}\nfailed to start daemon: ${why}\n`;

test.each([
  failed("error initializing graphdriver: open /x/overlay2/l: file exists"),
  failed("layer does not exist"),
  failed("Couldn't create reference store repository: unexpected end of JSON input"),
  failed("error while opening volume store metadata database: invalid database"),
  `containerd: file size too small 0\n${started}\nfailed to start containerd: timeout waiting for containerd to start\n`,
])("a spoiled data folder is thrown away: %s", (log) => expect(tellsOfSpoiledData(log)).toBe(true));

test.each([
  "",
  started,
  failed("pid file found, ensure docker is not running or delete /run/webflow/docker.pid"),
  failed("Devices cgroup isn't mounted"),
  failed("error initializing graphdriver: driver not supported"),
  failed("error initializing graphdriver: mkdir /x/overlay2/l: no space left on device"),
  failed(
    "Error initializing network controller: error obtaining controller instance: failed to create NAT chain DOCKER",
  ),
])("a data folder is kept when it is not the cause: %s", (log) => expect(tellsOfSpoiledData(log)).toBe(false));

test("a containerd of ours keeps to the folders dockerd would give it", () => {
  const text = containerdSettings("/cache/engine", "/run/webflow/exec");
  expect(text).toContain('root = "/cache/engine/containerd/daemon"');
  expect(text).toContain('state = "/run/webflow/exec/containerd/daemon"');
  expect(text).toContain('address = "/run/webflow/exec/containerd/containerd.sock"');
});
