import type { RegistryStore } from "../../registry/port.ts";
import { aliasDraft } from "../../registry/rules/audit-drafts.ts";
import { versionNotFound } from "../../registry/rules/failures.ts";
import { prepared } from "./prepared.ts";
import type { AuditLog } from "./registry-audit.ts";
import type { RegistryVersions } from "./registry-versions.ts";

/** The verbs that change aliases. */
export function registryAliases(log: AuditLog, versions: RegistryVersions): Pick<RegistryStore, "setAlias" | "deleteAlias"> {
  const find = prepared((db, p) =>
    db.selectFrom("modelwright_aliases").select("version").where("name", "=", p("name")).where("alias", "=", p("alias")),
  );
  const insert = prepared((db, p) =>
    db.insertInto("modelwright_aliases").values({ name: p("name"), alias: p("alias"), version: p("version") }),
  );
  const update = prepared((db, p) =>
    db
      .updateTable("modelwright_aliases")
      .set({ version: p("version") })
      .where("name", "=", p("name"))
      .where("alias", "=", p("alias")),
  );
  const remove = prepared((db, p) =>
    db.deleteFrom("modelwright_aliases").where("name", "=", p("name")).where("alias", "=", p("alias")),
  );
  return {
    setAlias: (name, alias, version, stamp, call) =>
      log.change("set an alias", stamp, call, async ({ db, append }) => {
        if (!(await versions.existing(db, name, [version])).has(version)) throw versionNotFound({ name, version });
        const [row] = await find(db, { name, alias });
        const previous = row === undefined ? undefined : Number(row.version);
        if (previous === version) return previous;
        await (previous === undefined ? insert : update)(db, { name, alias, version });
        await append([aliasDraft(name, alias, previous, version)]);
        return previous;
      }),
    deleteAlias: (name, alias, stamp, call) =>
      log.change("delete an alias", stamp, call, async ({ db, append }) => {
        const [row] = await find(db, { name, alias });
        if (row === undefined) return undefined;
        const previous = Number(row.version);
        await remove(db, { name, alias });
        await append([aliasDraft(name, alias, previous, undefined)]);
        return previous;
      }),
  };
}
