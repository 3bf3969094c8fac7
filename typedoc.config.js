import { OptionDefaults } from "typedoc";
import ts from "typescript";

const { entries } = await import("./scripts/entries.ts");

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  entryPoints: Object.values(entries),
  out: "docs/api",
  readme: "README.md",
  excludeInternal: true,
  excludePrivate: true,
  treatWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ["Enum", "Variable", "Function", "Class", "Interface", "Property", "Method", "Accessor", "TypeAlias"],
  blockTags: [...OptionDefaults.blockTags, "@source", "@units"],
  compilerOptions: { module: ts.ModuleKind.NodeNext, skipLibCheck: true },
};
