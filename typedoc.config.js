import { OptionDefaults } from "typedoc";
import { entries } from "./scripts/entries.ts";

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  entryPoints: Object.values(entries),
  tsconfig: "tsconfig.build.json",
  out: "docs/api",
  readme: "README.md",
  disableSources: true,
  excludeInternal: true,
  excludePrivate: true,
  treatWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ["Variable", "Function", "Class", "Interface", "Method", "Accessor", "TypeAlias"],
  blockTags: [...OptionDefaults.blockTags, "@source", "@units"],
};
