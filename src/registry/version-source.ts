import { formatModelRef, type ModelRef, type ModelSource, type ModelVariants, type Precision } from "../core/model.ts";
import type { RegistryCalls } from "./registry-calls.ts";
import type { VersionFiles } from "./version-files.ts";
import type { Watch, Watches } from "./watches.ts";

/** What sources of a registry's models read from. */
export interface SourceReaders {
  readonly calls: RegistryCalls;
  readonly files: VersionFiles;
  readonly watches: Watches;
}

/**
 * The model that a reference points to when it is loaded, or a variant of it.
 *
 * @param watch - shared by sources that change together. @defaultValue one of its own
 */
export function versionSource(
  { calls, files, watches }: SourceReaders,
  ref: ModelRef,
  precision: Precision | undefined,
  watch: Watch = watches.watch(ref, precision),
): ModelSource {
  const name = formatModelRef(ref) + (precision === undefined ? "" : ` (${precision})`);
  return {
    spec: "model-source/1",
    name,
    load: (call) =>
      calls.traced(
        "registry.load",
        () => ({ ref: name }),
        call,
        async (signal) => {
          const version = await calls.find(ref, signal);
          const { identity, file } = watch.seen(version, precision);
          await files.checkManifest(version);
          const bytes = await files.bytes(version, file, signal);
          return version.files.length === 1
            ? { identity, bytes }
            : { identity, bytes, companion: files.companion(version, file) };
        },
      ),
    ...("version" in ref || "label" in ref ? {} : { onChanged: watch.onChanged }),
  };
}

/** The model that a reference points to, in every precision that one of its versions may have. They change together. */
export function versionVariants(readers: SourceReaders, ref: ModelRef): ModelVariants {
  const watch = readers.watches.watch(ref, undefined);
  const source = (precision: Precision) => versionSource(readers, ref, precision, watch);
  return { spec: "model-variants/1", sources: { fp32: source("fp32"), fp16: source("fp16"), int8: source("int8") } };
}
