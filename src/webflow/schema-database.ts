/** The database behind the process. */
import { type Static, Type } from "typebox";
import { choice, label, rules, shaped, storage } from "./schema-parts.ts";

export const Database = Type.Object(
  {
    engine: choice(["Postgres"], "Kind of database."),
    version: Type.Optional(
      shaped(
        "Major version; the class lists those offered. Cannot change. Default: the class's first for the engine.",
        { max: 16 },
        { pattern: "^[0-9]+([.][0-9]+)?$", message: 'must be a major version in quotes, such as "15"' },
      ),
    ),
    storage: Type.Optional(storage("Size of the volume. May only grow. Default: the class's, else 1Gi.")),
    storageClassName: Type.Optional(
      label("StorageClass of the volume. Cannot change. Default: the cluster's default StorageClass.", 253),
    ),
    subnet: Type.Optional(
      label(
        "Name of the class's subnet whose nodes carry the database. Cannot change. Default: the class's, else any node.",
      ),
    ),
    retention: Type.Optional(
      choice(
        ["Retain", "Delete"],
        "What becomes of the volume when the WebFlow is deleted; the credentials always stay. Default: Retain.",
      ),
    ),
  },
  {
    description: "A database in the private subnet, for the process alone.",
    ...rules([
      {
        rule: "self.engine == oldSelf.engine",
        message: "database.engine cannot change: make a new WebFlow and move the data",
        fieldPath: ".engine",
      },
      {
        rule: "!has(oldSelf.version) || (has(self.version) && self.version == oldSelf.version)",
        message: "database.version cannot change: make a new WebFlow and move the data",
      },
      {
        rule: "has(self.subnet) == has(oldSelf.subnet) && (!has(self.subnet) || self.subnet == oldSelf.subnet)",
        message: "database.subnet cannot change: make a new WebFlow and move the data",
      },
      {
        rule: "!has(oldSelf.storage) || (has(self.storage) && (!isQuantity(self.storage) || quantity(self.storage).compareTo(quantity(oldSelf.storage)) >= 0))",
        message: "database.storage can only grow: ask for at least what it was",
      },
      {
        rule: "has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",
        message: "database.storageClassName cannot change: make a new WebFlow and move the data",
      },
    ]),
  },
);

export type DatabaseSpec = Static<typeof Database>;
