import { expect, test } from "vitest";
import { reasonOfApt } from "./apt.ts";

test("when a package of the user's would have to go, that is said and what to do", () => {
  const said =
    "The following packages will be REMOVED:\n  docker-ce\nE: Packages need to be removed but remove is disabled.";
  expect(reasonOfApt(["docker.io"], said)).toMatch(/docker\.io cannot be installed beside.*none of yours is removed/);
});

test("otherwise apt speaks for itself", () => {
  expect(reasonOfApt(["runc"], "E: Unable to locate package runc")).toMatch("could not install runc:\n  E: Unable");
});
